import { describe } from '@product-updates/errors';
import { backoffMs, type GivenBack } from '@product-updates/queue';
import { bisect } from './bisect.ts';
import type { DeadLetterAll } from './dead-lettering.ts';
import type { Failures } from './failures.ts';
import { mergeAll, type ProductGroup } from './group.ts';
import type { Failed, GuardedWriter } from './guarded-writer.ts';
import type { Incoming, Update } from './incoming.ts';
import type { PipelineObserver } from './observer.ts';
import { outcomesOf } from './outcome.ts';
import { PROBE_MS } from './pace.ts';
import type { Settle } from './settle.ts';

/** How often a product is tried, and how long it waits between: exponential with full jitter, at most `maxMs`. */
export interface RetryPolicy {
  readonly attempts: number;
  readonly baseMs: number;
  readonly maxMs: number;
}

/**
 * What happens to a product that failed alone. It waits its backoff, and newer updates of it join; after the last
 * attempt, or when the store calls it invalid, it is split by event, so that only the bad ones are dead-lettered. Answers
 * what has to wait.
 */
export type FailedAlone = (group: ProductGroup, tried: Failed) => Promise<readonly GivenBack<Incoming>[]>;

interface Split {
  /** Fail alone, and not because they are invalid. */
  readonly failing: readonly { readonly update: Update; readonly error: unknown }[];
  /** The store stopped taking anything before they could be tried. */
  readonly untried: readonly Update[];
}

export function createFailedAlone(options: {
  readonly writer: GuardedWriter;
  readonly settle: Settle;
  readonly deadLetterAll: DeadLetterAll;
  readonly failures: Failures;
  readonly retry: RetryPolicy;
  readonly random: () => number;
  readonly observer: PipelineObserver;
}): FailedAlone {
  const { writer, settle, deadLetterAll, failures, retry, random, observer } = options;

  function waitAgain(updates: readonly Update[], tried: Failed, attempt: number): GivenBack<Incoming>[] {
    const delayMs = backoffMs({ attempt, baseMs: retry.baseMs, maxMs: retry.maxMs, random });
    observer.retried(updates, tried.code ?? 'bug', attempt, delayMs, describe(tried.error));
    return [{ items: updates, delayMs }];
  }

  /** Writes what can be written, dead-letters what is invalid. */
  async function splitByEvent({ product_id, updates }: ProductGroup, tried: Failed): Promise<Split> {
    const failing: { update: Update; error: unknown }[] = [];
    const untried = await bisect(updates, tried, {
      apply: (piece) => writer.apply([mergeAll(piece)]),
      async written(piece, { changed }) {
        await settle(piece, outcomesOf(piece, changed));
        return [];
      },
      async alone(update, { code, error }) {
        if (code === 'invalid') {
          const attempts = failures.attempts(product_id) + 1;
          await deadLetterAll([{ delivery: update, reason: 'rejected', error, attempts }]);
        } else {
          failing.push({ update, error });
        }
        return 'go on';
      },
    });
    return { failing, untried };
  }

  return async (group, tried) => {
    const { product_id, updates } = group;
    if (tried.code === undefined) observer.failed('apply', tried.error);
    const isInvalid = tried.code === 'invalid';
    const attempt = failures.attempts(product_id) + 1;
    if (!isInvalid && failures.count(product_id) < retry.attempts) return waitAgain(updates, tried, attempt);

    const { failing, untried } = await splitByEvent(group, tried);
    const left = [...failing.map(({ update }) => update), ...untried];
    if (untried.length > 0) return [{ items: left, delayMs: PROBE_MS }];
    if (isInvalid && left.length > 0 && failures.count(product_id) < retry.attempts) {
      return waitAgain(left, tried, attempt);
    }
    await deadLetterAll(
      failing.map(({ update, error }) => ({ delivery: update, reason: 'exhausted', error, attempts: attempt })),
    );
    failures.forget(product_id);
    return [];
  };
}
