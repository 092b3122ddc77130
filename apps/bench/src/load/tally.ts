import type { LoadRequest } from './cases.ts';
import { createHistogram, type Histogram } from './histogram.ts';
import type { LoadResult, StatusResult } from './job.ts';

/** Counts the answers of a job, by their status. */
export interface Tally {
  /** False: this status is neither expected nor tolerated. */
  count(request: LoadRequest, status: number, micros: number): boolean;
  lost(): void;
  clear(): void;
  read(): Pick<LoadResult, 'requests' | 'statuses' | 'reconnects'>;
}

interface Entry {
  readonly latencies: Histogram;
  updates: number;
}

export function createTally(tolerated: readonly number[]): Tally {
  const byStatus = new Map<number, Entry>();
  let reconnects = 0;
  return {
    count(request, status, micros) {
      if (status !== request.expected && !tolerated.includes(status)) return false;
      let entry = byStatus.get(status);
      if (entry === undefined) {
        entry = { latencies: createHistogram(), updates: 0 };
        byStatus.set(status, entry);
      }
      entry.latencies.record(micros);
      entry.updates += request.updates;
      return true;
    },
    lost() {
      reconnects += 1;
    },
    clear() {
      byStatus.clear();
      reconnects = 0;
    },
    read() {
      const statuses = [...byStatus].map(([status, entry]): [string, StatusResult] => [
        String(status),
        resultOf(entry),
      ]);
      const requests = statuses.reduce((sum, [, { count }]) => sum + count, 0);
      return { requests, statuses: Object.fromEntries(statuses), reconnects };
    },
  };
}

function resultOf({ latencies, updates }: Entry): StatusResult {
  return {
    count: latencies.count,
    updates,
    p50Ms: latencies.percentile(0.5) / 1000,
    p99Ms: latencies.percentile(0.99) / 1000,
  };
}
