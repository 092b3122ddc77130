import type { Clock } from './clock.ts';

/**
 * The clock's time without its backward steps: it stands still for the step instead, so that what waits for a time
 * is not made to wait an hour because the wall clock was set back by one.
 */
export function createSteadyNow(clock: Clock): () => number {
  let last = clock.now();
  let behind = 0;
  return () => {
    const now = clock.now();
    if (now < last) behind += last - now;
    last = now;
    return now + behind;
  };
}
