import { VERSIONS_PER_MS } from './version.ts';

/** The digits of a change that was accepted in the very millisecond in which it was made. */
const ACCEPTED_AT_ONCE = 901;
/** Up to these ages, in milliseconds, each one has digits of its own; beyond, steps are 1 % of the age. */
const EXACT_BEHIND_MS = 1000;
const EXACT_AHEAD_MS = 100;
const STEPS_PER_E_FOLD = 100;

/**
 * The low 12 bits of a version whose instant has no digits below the millisecond: how long after the change it was accepted.
 * Never falls as the age grows, so of changes with the same instant the one accepted later has the larger digits, whichever
 * server accepted it.
 *
 *        0 …  900   accepted before the instant, by a source whose clock runs ahead: to 1 ms up to 100 ms, then to 1 %, down to −5 min
 *      901 … 1901   accepted 0 to 1000 ms after it, to 1 ms: most of what sources that stamp whole seconds send
 *     1902 … 4051   later, to 1 %: a minute 2310, an hour 2719, a day 3037, a year 3627, 69 years 4051
 *
 * What is left above is for the repeats of an array.
 */
export function ageDigits(ageMs: number): number {
  const steps = ageMs < 0 ? -stepsOf(-ageMs, EXACT_AHEAD_MS) : stepsOf(ageMs, EXACT_BEHIND_MS);
  return Math.min(Math.max(ACCEPTED_AT_ONCE + steps, 0), VERSIONS_PER_MS - 1);
}

function stepsOf(ms: number, exactMs: number): number {
  return ms <= exactMs ? Math.floor(ms) : exactMs + Math.floor(STEPS_PER_E_FOLD * Math.log(ms / exactMs));
}
