/** Time as the services see it, so that a test or a simulation can own it. */
export interface Clock {
  /** Milliseconds since the Unix epoch. May step, also backwards. */
  now(): number;
  /**
   * Runs `run` once, not earlier than `delayMs` from now; with 0, after the input that is ready now has been read: the end of
   * this turn of the event loop. The answer cancels it; cancelling twice is harmless.
   */
  schedule(delayMs: number, run: () => void): () => void;
}

/** About 25 days: a timer set for longer would fire at once. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;

/** The machine's clock: the one place that reads it. Scheduled work keeps the process alive, as a timer does. */
export const systemClock: Clock = {
  now: Date.now,
  schedule(delayMs, run) {
    if (delayMs === 0) {
      const immediate = setImmediate(run);
      return () => clearImmediate(immediate);
    }
    const timer = setTimeout(run, Math.min(delayMs, LONGEST_TIMER_MS));
    return () => clearTimeout(timer);
  },
};
