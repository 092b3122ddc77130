import { describe } from '@product-updates/errors';
import { backoffMs, type GivenBack } from '@product-updates/queue';
import type { DeadLetterAll } from './dead-lettering.ts';
import type { Failures } from './failures.ts';
import type { ProductGroup } from './group.ts';
import type { Failed, GuardedWriter } from './guarded-writer.ts';
import type { Incoming } from './incoming.ts';
import type { PipelineObserver } from './observer.ts';
import { PROBE_MS } from './pace.ts';
import type { RetryPolicy } from './policy.ts';
import type { Settle } from './settle.ts';
import { createSplitByEvent } from './split-by-event.ts';

/**
 * What happens to a product that failed alone. It waits its backoff, and newer updates of it join; after the last attempt,
 * or when the store calls it invalid, it is split by event, so that only the bad ones are dead-lettered. A product that is
 * only busy waits for as long as it takes. Returns what has to wait.
 */
export type FailedAlone = (group: ProductGroup, tried: Failed) => Promise<readonly GivenBack<Incoming>[]>;

export function createFailedAlone(options: {
  readonly writer: GuardedWriter;
  readonly settle: Settle;
  readonly deadLetterAll: DeadLetterAll;
  readonly failures: Failures;
  readonly retry: RetryPolicy;
  readonly random: () => number;
  readonly observer: PipelineObserver;
}): FailedAlone {
  const { deadLetterAll, failures, retry, random, observer } = options;
  const splitByEvent = createSplitByEvent(options);

  function waitAgain({ product_id, updates }: ProductGroup, tried: Failed): readonly GivenBack<Incoming>[] {
    failures.fail(product_id, tried.error, tried.fault !== 'busy');
    const attempt = failures.tries(product_id);
    const delayMs = backoffMs({ attempt, baseMs: retry.baseMs, maxMs: retry.maxMs, random });
    observer.retried(updates, tried.code ?? 'bug', attempt, delayMs, describe(tried.error));
    return [{ items: updates, delayMs }];
  }

  return async (group, tried) => {
    const { product_id } = group;
    if (tried.fault === 'failing') observer.failed('apply', tried.error);
    const isLast = (): boolean => failures.attempts(product_id) + 1 >= retry.attempts;
    if (tried.fault === 'busy' || (tried.fault === 'failing' && !isLast())) return waitAgain(group, tried);

    const { failing, untried } = await splitByEvent(group, tried);
    if (untried.length > 0) {
      const waiting = [...failing.map(({ update }) => update), ...untried];
      return [{ items: waiting, delayMs: PROBE_MS }];
    }
    const [first] = failing;
    if (tried.fault === 'invalid' && first !== undefined && !isLast()) {
      const updates = failing.map(({ update }) => update);
      return waitAgain({ ...group, updates }, first.tried);
    }
    const attempts = failures.tries(product_id) + 1;
    await deadLetterAll(
      failing.map(({ update, tried: { error } }) => ({ delivery: update, reason: 'exhausted', error, attempts })),
    );
    failures.forget(product_id);
    return [];
  };
}
