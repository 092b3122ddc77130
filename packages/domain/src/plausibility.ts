import type { ProductRecord } from './product-record.ts';
import { MAX_AHEAD_MS } from './product-update.ts';
import { msOf, NEVER, type Version } from './version.ts';

/**
 * What is granted on top of `MAX_AHEAD_MS`, in milliseconds: how much two of our servers' clocks may differ, and with it
 * the few that an array's repeated times (10,000 × 1/4096 ms) and a version clock under full load run ahead.
 */
export const CLOCK_TOLERANCE_MS = 60_000;

/**
 * Whether a record's or an event's versions may be true at the time `nowMs`. One that is further ahead would freeze its
 * fields until that time comes, so what comes from outside (a message, a replay) is refused.
 */
export function isPlausible(record: Pick<ProductRecord, 'price_version' | 'stock_version'>, nowMs: number): boolean {
  const latest = nowMs + MAX_AHEAD_MS + CLOCK_TOLERANCE_MS;
  return msOf(record.price_version) <= latest && msOf(record.stock_version) <= latest;
}

/**
 * What a version clock starts after, given the highest version that the store has. That is no measure of time: a source
 * whose clock runs ahead dates its updates up to `MAX_AHEAD_MS` in the future, and must not take everybody else's along. So
 * a clock starts at this machine's time (`NEVER`), unless the store is further ahead than a source and the tolerance can
 * explain. Then this machine's clock is wrong, or was, and starting at it would let new undated updates lose to old ones.
 */
export function versionsStartAfter(highest: Version, nowMs: number): Version {
  return isPlausible({ price_version: highest, stock_version: highest }, nowMs) ? NEVER : highest;
}
