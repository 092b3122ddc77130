import type { DeadLetterAll } from './dead-lettering.ts';
import type { Failures } from './failures.ts';
import { mergeAll, type ProductGroup } from './group.ts';
import type { Failed, GuardedWriter } from './guarded-writer.ts';
import type { Update } from './incoming.ts';
import { outcomesOf } from './outcome.ts';
import type { Settle } from './settle.ts';
import { judge, split, type SplitSteps } from './split.ts';

/** What came out of splitting a product by event. */
interface Split {
  /** Fail alone, and nobody knows why. */
  readonly failing: readonly { readonly update: Update; readonly tried: Failed }[];
  /** The product became busy, or the store stopped taking anything, before they could be tried. */
  readonly untried: readonly Update[];
}

/**
 * Writes what of a product's updates can be written, and dead-letters what is invalid. `first` is how they fared together.
 * One part at a time, since they are of one product.
 */
export type SplitByEvent = (group: ProductGroup, first: Failed) => Promise<Split>;

export function createSplitByEvent(options: {
  readonly writer: GuardedWriter;
  readonly settle: Settle;
  readonly deadLetterAll: DeadLetterAll;
  readonly failures: Failures;
}): SplitByEvent {
  const { writer, settle, deadLetterAll, failures } = options;

  return async ({ product_id, updates }, first) => {
    const failing: { update: Update; tried: Failed }[] = [];
    const busy: Update[] = [];
    const steps: SplitSteps<Update> = {
      apply: (part) => writer.apply([mergeAll(part)]),
      async written(part, { changed }) {
        await settle(part, outcomesOf(part, changed));
        return [];
      },
      async alone(update, tried) {
        if (tried.fault === 'invalid') {
          const attempts = failures.tries(product_id) + 1;
          await deadLetterAll([{ delivery: update, reason: 'rejected', error: tried.error, attempts }]);
        } else if (tried.fault === 'failing') {
          failing.push({ update, tried });
        } else {
          busy.push(update);
          return 'stop';
        }
        return 'go on';
      },
    };
    const { parts, untried } = await judge(updates, first, steps);
    const rest = await split(parts, { ...steps, atOnce: 1 });
    return { failing, untried: [...busy, ...untried, ...rest] };
  };
}
