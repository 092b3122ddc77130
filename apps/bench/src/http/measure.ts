import type { CaseName } from '../load/cases.ts';
import type { LoadGenerator } from '../load/load.ts';
import type { LoadResult } from '../load/job.ts';
import type { RunningServer } from '../process/server.ts';
import { readUsage, type Usage } from '../process/usage.ts';

export const CONNECTIONS = 64;

/** After a refusal, which costs the server as much to read as what it takes. */
const PAUSE_MS = 250;

/** One case, measured once against one server. */
export interface Measurement {
  /** Requests a second; updates a second where the requests carry arrays. */
  readonly perSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly generatorCpu: number;
  /** Share of one core; `undefined` where the machine does not tell. */
  readonly serverCpu: number | undefined;
  readonly rssMib: number | undefined;
  /** Share of the requests that were answered with a tolerated status, and count for nothing else. */
  readonly refused: number;
}

export interface Duration {
  readonly warmupMs: number;
  readonly durationMs: number;
}

/** Every answer must have the status that the case expects, or one that is tolerated: a refusal is no throughput. */
export async function measure(
  load: LoadGenerator,
  server: Pick<RunningServer, 'port'> & { readonly pid: number | undefined },
  name: CaseName,
  duration: Duration,
  tolerated: readonly number[] = [],
): Promise<Measurement> {
  const job = {
    connections: CONNECTIONS,
    addresses: 1,
    tolerated,
    pauseMs: PAUSE_MS,
    reconnect: false,
    port: server.port,
  };
  let before: Usage | undefined;
  const result = await load.run({ ...job, case: name, ...duration }, () => {
    before = readUsage(server.pid);
  });
  const after = readUsage(server.pid);
  return {
    ...summaryOf(result, tolerated),
    generatorCpu: result.generatorCpu,
    serverCpu: before && after && (after.cpuSeconds - before.cpuSeconds) / result.seconds,
    rssMib: after?.rssMib,
  };
}

function summaryOf(
  { statuses, requests, seconds }: LoadResult,
  tolerated: readonly number[],
): Pick<Measurement, 'perSecond' | 'p50Ms' | 'p99Ms' | 'refused'> {
  const expected = Object.entries(statuses).find(([status]) => !tolerated.includes(Number(status)))?.[1];
  const { count = 0, updates = 0, p50Ms = Number.NaN, p99Ms = Number.NaN } = expected ?? {};
  return { perSecond: Math.max(updates, count) / seconds, p50Ms, p99Ms, refused: 1 - count / requests };
}
