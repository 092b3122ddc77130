import type { ErrorCode } from '@product-updates/errors';

/**
 * Why a write failed, which decides what becomes of its updates:
 *
 * - `outage`: the store cannot be used. All lanes stop, one probes about every second; nothing is counted against a product.
 * - `invalid`: the store refuses an update for what it is. Its letter is written at once, its neighbours are applied.
 * - `busy`: the store can be used, and something else has this product (a row that others lock). It waits its backoff for
 *   as long as it takes and never becomes a letter.
 * - `failing`: an error that nobody expected, a bug. The product waits its backoff; after the last attempt its letter is written.
 */
export type Fault = 'outage' | 'invalid' | 'busy' | 'failing';

/** What an error means by itself, as far as the store answers pings. */
const faults: Readonly<Record<ErrorCode, Fault>> = {
  invalid: 'invalid',
  undecodable: 'invalid',
  unavailable: 'busy',
  full: 'outage',
  closed: 'outage',
  misconfigured: 'outage',
};

export function faultOf(code: ErrorCode | undefined): Fault {
  return code === undefined ? 'failing' : faults[code];
}

/** A ping that takes longer has failed. Stores answer or reject sooner; this is for one that does neither. */
export const PING_TIMEOUT_MS = 10_000;

/**
 * So many products of one batch that are busy, each alone, are enough: where nothing else was written meanwhile the store
 * answers pings but takes no writes, which is an outage; else the rest of the batch waits, so that its lane can go on.
 */
export const BUSY_MAX = 8;

/** How many parts of a batch are written at the same time to find the products at fault: each may wait for a lock. */
export const PARTS_AT_ONCE = 4;

/** How often a product is tried, and how long it waits between: exponential with full jitter, at most `maxMs`. */
export interface RetryPolicy {
  /** Failed attempts after which its letter is written. A busy product has no such bound. */
  readonly attempts: number;
  readonly baseMs: number;
  readonly maxMs: number;
}

/** So small a part is written one by one. */
const SINGLY_MAX = 64;

/**
 * Into how many parts what failed is divided. A bad update is known at once, so few writes are worth more than few steps.
 * Each step towards a busy row waits for its lock: there are two, for batches of up to 4,096.
 */
export function partsOf(fault: Fault, size: number): number {
  if (fault !== 'busy') return 2;
  return size <= SINGLY_MAX ? size : Math.ceil(Math.sqrt(size));
}
