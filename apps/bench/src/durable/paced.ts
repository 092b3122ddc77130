import { createHistogram } from '../load/histogram.ts';

export interface PacedOptions {
  readonly perSecond: number;
  readonly durationMs: number;
  /** Under way at most; what is due meanwhile waits, and its wait counts. */
  readonly concurrency: number;
  readonly act: (number: number) => Promise<unknown>;
}

export interface PacedResult {
  /** Share of the asked rate that was reached: 1 where the last one ended when it was due. */
  readonly held: number;
  /** From when it was due to its end, in milliseconds; the timer's own millisecond is in it. */
  readonly p50Ms: number;
  readonly p99Ms: number;
}

/**
 * An open loop: acts at the given rate whether or not what went before has ended. Each is measured from when it was due,
 * so that one that holds up others counts for them, too. Rejects with the first error.
 */
export async function paced({ perSecond, durationMs, concurrency, act }: PacedOptions): Promise<PacedResult> {
  const latencies = createHistogram();
  const total = Math.max(1, Math.round((perSecond * durationMs) / 1000));
  const startedAt = performance.now();
  const dueAt = (number: number): number => startedAt + (number * 1000) / perSecond;
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  let next = 0;
  let running = 0;
  let timer: NodeJS.Timeout | undefined;

  async function run(number: number): Promise<void> {
    await act(number);
    latencies.record((performance.now() - dueAt(number)) * 1000);
    running -= 1;
    if (latencies.count === total) resolve();
    else startDue();
  }
  function startDue(): void {
    while (next < total && running < concurrency && dueAt(next) <= performance.now()) {
      running += 1;
      run(next).catch(reject);
      next += 1;
    }
    if (next === total || running === concurrency || timer !== undefined) return;
    timer = setTimeout(wakeUp, Math.max(1, dueAt(next) - performance.now()));
  }
  function wakeUp(): void {
    timer = undefined;
    startDue();
  }

  startDue();
  try {
    await promise;
  } finally {
    clearTimeout(timer);
    next = total;
  }
  const held = Math.min(1, durationMs / (performance.now() - startedAt));
  const [p50Ms, p99Ms] = [latencies.percentile(0.5) / 1000, latencies.percentile(0.99) / 1000];
  return { held, p50Ms, p99Ms };
}
