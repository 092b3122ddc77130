import { faultCountOf, faultsOf, isProductUpdate, type ProductUpdate } from '@product-updates/domain';
import type { ProblemFault } from './problem.ts';

/** How many errors one answer tells, whatever it answers. */
export const ERRORS_MAX = 100;

export interface RejectedUpdate {
  readonly index: number;
  /** Empty where those before it have as many as an answer tells. */
  readonly errors: readonly ProblemFault[];
}

/** What of an array is good and what is not. */
export interface SortedUpdates {
  readonly good: readonly ProductUpdate[];
  readonly rejected: readonly RejectedUpdate[];
  /** Of all that is rejected, told or not. */
  readonly errorCount: number;
}

export interface SortOptions {
  readonly nowMs: number;
  /** How many unknown fields of an item were left out. */
  readonly hidden: ReadonlyMap<number, number>;
}

/** What is asked of an item; a test counts how often. */
export interface UpdateRules {
  readonly isProductUpdate: typeof isProductUpdate;
  readonly faultsOf: typeof faultsOf;
  readonly faultCountOf: typeof faultCountOf;
}

const domainRules: UpdateRules = { isProductUpdate, faultsOf, faultCountOf };

/** Checks each item once. When as many errors are found as are told, those of the others are counted, and no text is made. */
export function sortOut(
  items: readonly unknown[],
  { nowMs, hidden }: SortOptions,
  rules: UpdateRules = domainRules,
): SortedUpdates {
  const good: ProductUpdate[] = [];
  const rejected: RejectedUpdate[] = [];
  let room = ERRORS_MAX;
  let errorCount = 0;
  for (const [index, item] of items.entries()) {
    if (rules.isProductUpdate(item, nowMs)) {
      good.push(item);
      continue;
    }
    const left = hidden.get(index);
    const faults = room === 0 ? [] : rules.faultsOf(item, nowMs, left);
    errorCount += room === 0 ? rules.faultCountOf(item, nowMs, left) : faults.length;
    const errors = faults.slice(0, room);
    room -= errors.length;
    rejected.push({ index, errors });
  }
  return { good, rejected, errorCount };
}
