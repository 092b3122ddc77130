/**
 * How long to wait before the next try: a whole number from 0 to `baseMs` doubled with every failure, at most `maxMs`.
 * The whole span is random ("full jitter"), so that what failed together does not come back together.
 */
export function backoffMs(options: {
  /** Failures so far: 1 after the first. */
  readonly attempt: number;
  readonly baseMs: number;
  readonly maxMs: number;
  /** From 0 to below 1. */
  readonly random?: () => number;
}): number {
  const { attempt, baseMs, maxMs, random = Math.random } = options;
  const doublings = Math.min(Math.max(attempt, 1) - 1, 52);
  const span = Math.min(maxMs, baseMs * 2 ** doublings);
  return Math.floor(random() * (span + 1));
}
