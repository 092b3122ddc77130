import { createCase } from './cases.ts';
import { openConnection, type Traffic } from './connection.ts';
import type { LoadJob, LoadResult } from './job.ts';
import { createTally, type Tally } from './tally.ts';

/** Wait before a lost connection is opened again: a server that refuses is not to be flooded with handshakes. */
const RECONNECT_MS = 50;
/** How many times 50 ms more it waits for a first answer. */
const PATIENCE = 100;

/**
 * Runs one job. Rejects on the first answer or close that the job does not allow. `onMeasuring` is called when the
 * warm-up is over and the counting starts.
 */
export async function generate(job: LoadJob, onMeasuring: () => void): Promise<LoadResult> {
  const tally = createTally(job.tolerated);
  const load = startLoad(job, tally);
  try {
    await Promise.race([load.failed, passed(job.warmupMs)]);
    tally.clear();
    onMeasuring();
    const cpu = process.cpuUsage();
    const startedAt = performance.now();
    await Promise.race([load.failed, passed(job.durationMs)]);
    // A time so short, or a machine so busy, that nothing was answered in it makes no figure.
    for (let wait = 0; wait < PATIENCE && tally.read().requests === 0; wait += 1) {
      await Promise.race([load.failed, passed(50)]);
    }
    const seconds = (performance.now() - startedAt) / 1000;
    const used = process.cpuUsage(cpu);
    return { seconds, ...tally.read(), generatorCpu: (used.user + used.system) / 1e6 / seconds };
  } finally {
    load.stop();
  }
}

interface Load {
  /** Rejects at the first fault; never resolves. */
  readonly failed: Promise<never>;
  stop(): void;
}

function startLoad(job: LoadJob, tally: Tally): Load {
  const { requests } = createCase(job.case, job.port);
  const ends = new Set<() => void>();
  let running = true;
  let cursor = 0;
  let fail: (error: Error) => void = () => undefined;
  const failed = new Promise<never>((_, reject) => {
    fail = reject;
  });
  failed.catch(() => undefined);

  function open(index: number): void {
    if (!running) return;
    const traffic: Traffic = {
      next: () => requests[cursor++ % requests.length],
      answered(request, status, micros) {
        if (!tally.count(request, status, micros)) fail(new Error(`"${job.case}" got the status ${status}`));
        return status === request.expected ? 0 : (job.pauseMs ?? 0);
      },
      lost(error) {
        ends.delete(end);
        tally.lost();
        if (job.reconnect) setTimeout(() => open(index), RECONNECT_MS);
        else fail(error);
      },
    };
    const end = openConnection({ port: job.port, localAddress: `127.0.0.${1 + (index % job.addresses)}`, traffic });
    ends.add(end);
  }

  for (let index = 0; index < job.connections; index += 1) open(index);
  return {
    failed,
    stop() {
      running = false;
      for (const end of ends) end();
    },
  };
}

function passed(ms: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, ms);
  });
}
