import type { Clock } from '@product-updates/queue';

/** Time that stands still until a test moves it. */
export interface ManualClock extends Clock {
  /** Moves on, and runs what falls due on the way, in order. */
  advance(ms: number): void;
  /** Steps the clock without running anything, as an operator or NTP would. */
  step(ms: number): void;
  readonly scheduled: number;
}

export function createManualClock(startMs: number = Date.UTC(2026, 0, 1)): ManualClock {
  let nowMs = startMs;
  let passedMs = 0;
  const due = new Map<object, { atMs: number; run: () => void }>();
  return {
    now: () => nowMs,
    schedule(delayMs, run) {
      const key = {};
      due.set(key, { atMs: passedMs + delayMs, run });
      return () => due.delete(key);
    },
    advance(ms) {
      nowMs += ms;
      passedMs += ms;
      const ripe = [...due].filter(([, { atMs }]) => atMs <= passedMs).sort(([, a], [, b]) => a.atMs - b.atMs);
      for (const [key, { run }] of ripe) if (due.delete(key)) run();
    },
    step(ms) {
      nowMs += ms;
    },
    get scheduled() {
      return due.size;
    },
  };
}
