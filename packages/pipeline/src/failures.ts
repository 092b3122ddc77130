import { describe } from '@product-updates/errors';
import type { Clock } from '@product-updates/queue';

/** Products that failed alone and wait to be tried again. */
export interface Retrying {
  readonly products: number;
  /** When the one that waits longest first failed, since the epoch. */
  readonly since_ms: number;
  /** Its latest failure, in one line. */
  readonly error: string;
}

/**
 * - `none`: it goes with the others.
 * - `suspected`: it was given back untried, or while nothing else could be written either.
 * - `failed`: it failed alone.
 */
export type FailureState = 'none' | 'suspected' | 'failed';

/**
 * What is known of products that failed. They are kept apart from others, so that these need not fail with them. An entry
 * lives only while updates of its product are in the pipeline's hands, which bounds it by the window.
 */
export interface Failures {
  stateOf(product_id: string): FailureState;
  /** It failed alone once more, as an attempt that counts or not. */
  fail(product_id: string, error: unknown, counts: boolean): void;
  /** How often it failed alone. */
  tries(product_id: string): number;
  /** How many of these counted. */
  attempts(product_id: string): number;
  /** It may be at fault: that shows when it fails again after the store took or refused others, of which there were `answers`. */
  suspect(product_id: string, answers: number): void;
  /** Whether a further failure is its own fault: it failed before, and the store took or refused others since. */
  isKnown(product_id: string, answers: number): boolean;
  forget(product_id: string): void;
  readonly size: number;
  readonly retrying: Retrying | null;
}

interface Entry {
  tries: number;
  attempts: number;
  readonly answers: number;
  readonly sinceMs: number;
  error: unknown;
}

export function createFailures(clock: Pick<Clock, 'now'>): Failures {
  const entries = new Map<string, Entry>();

  function entryOf(product_id: string, answers: number): Entry {
    const entry = entries.get(product_id) ?? { tries: 0, attempts: 0, answers, sinceMs: clock.now(), error: undefined };
    entries.set(product_id, entry);
    return entry;
  }

  return {
    stateOf(product_id) {
      const entry = entries.get(product_id);
      if (entry === undefined) return 'none';
      return entry.tries > 0 ? 'failed' : 'suspected';
    },
    fail(product_id, error, counts) {
      const entry = entryOf(product_id, 0);
      entry.tries += 1;
      if (counts) entry.attempts += 1;
      entry.error = error;
    },
    tries: (product_id) => entries.get(product_id)?.tries ?? 0,
    attempts: (product_id) => entries.get(product_id)?.attempts ?? 0,
    suspect: (product_id, answers) => void entryOf(product_id, answers),
    isKnown(product_id, answers) {
      const entry = entries.get(product_id);
      return entry !== undefined && (entry.tries > 0 || answers > entry.answers);
    },
    forget: (product_id) => void entries.delete(product_id),
    get size() {
      return entries.size;
    },
    get retrying() {
      const failed = [...entries.values()].filter(({ tries }) => tries > 0);
      const [longest] = failed;
      if (longest === undefined) return null;
      return { products: failed.length, since_ms: longest.sinceMs, error: describe(longest.error) };
    },
  };
}
