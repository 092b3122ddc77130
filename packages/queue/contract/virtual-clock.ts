import { setImmediate } from 'node:timers/promises';
import type { Clock } from '../src/index.ts';
import { DueHeap } from '../src/due-heap.ts';

/**
 * Time that passes only when a test says so. Scheduled work runs in the order it comes due, at its exact time, and
 * before each piece of it all promises that can settle have settled: the same calls make the same run.
 */
export interface VirtualClock extends Clock {
  /** What is scheduled, neither run nor cancelled. */
  readonly pending: number;
  /** When the next scheduled work comes due, by `now`; `Infinity` when nothing is scheduled. */
  readonly nextMs: number;
  /** Lets `ms` pass and runs what comes due on the way, also what that schedules. */
  advance(ms: number): Promise<void>;
  /** Lets time pass until nothing is scheduled; answers the ms that took. Rejects after `most` pieces of work. */
  runUntilIdle(options?: { readonly most?: number }): Promise<number>;
  /** Lets promises settle and runs what is due now; no time passes. */
  settle(): Promise<void>;
  /** Sets the wall clock by `ms`, also backwards, as an operator or NTP would: no time passes. */
  step(ms: number): void;
}

interface Scheduled {
  readonly run: () => void;
  cancelled: boolean;
}

export function createVirtualClock(options: { readonly startMs?: number } = {}): VirtualClock {
  const heap = new DueHeap<Scheduled>();
  let passedMs = 0;
  let offsetMs = options.startMs ?? Date.UTC(2026, 0, 1);
  let pending = 0;

  /** Runs the next piece of work that is due by then; `false` when there is none. */
  function runNext(untilMs: number): boolean {
    while (heap.size > 0 && heap.nextDueMs <= untilMs) {
      const dueMs = heap.nextDueMs;
      const scheduled = heap.take();
      if (scheduled === undefined || scheduled.cancelled) continue;
      passedMs = Math.max(passedMs, dueMs);
      pending--;
      scheduled.cancelled = true;
      scheduled.run();
      return true;
    }
    return false;
  }

  async function advance(ms: number): Promise<void> {
    const untilMs = passedMs + ms;
    await setImmediate();
    while (runNext(untilMs)) await setImmediate();
    passedMs = untilMs;
  }

  return {
    now: () => offsetMs + passedMs,
    schedule(delayMs, run) {
      const scheduled: Scheduled = { run, cancelled: false };
      heap.put(passedMs + Math.max(0, delayMs), scheduled);
      pending++;
      return () => {
        if (!scheduled.cancelled) pending--;
        scheduled.cancelled = true;
      };
    },
    get pending() {
      return pending;
    },
    get nextMs() {
      while (heap.first?.cancelled === true) heap.take();
      return offsetMs + heap.nextDueMs;
    },
    advance,
    async runUntilIdle({ most = 100_000 } = {}) {
      const startMs = passedMs;
      await setImmediate();
      for (let ran = 0; runNext(Number.POSITIVE_INFINITY); ran++) {
        if (ran === most) throw new Error(`not idle after ${most} pieces of scheduled work`);
        await setImmediate();
      }
      return passedMs - startMs;
    },
    settle: () => advance(0),
    step(ms) {
      offsetMs += ms;
    },
  };
}
