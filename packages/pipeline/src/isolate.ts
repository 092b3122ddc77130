import type { GivenBack } from '@product-updates/queue';
import type { FailedAlone } from './failed-alone.ts';
import type { Failures } from './failures.ts';
import { groupsOf, type ProductGroup } from './group.ts';
import type { Failed, GuardedWriter, Tried, Written } from './guarded-writer.ts';
import type { Incoming, Update } from './incoming.ts';
import { outcomesOf } from './outcome.ts';
import { PROBE_MS } from './pace.ts';
import { BUSY_MAX, PARTS_AT_ONCE } from './policy.ts';
import type { Settle } from './settle.ts';
import { judge, split, type SplitSteps } from './split.ts';

/**
 * Finds the products at fault in what could not be written whole: the others are written and settled, those that fail
 * alone are counted, split or dead-lettered. Returns what has to wait.
 */
export interface Isolate {
  /** `first` is how all of them fared together. */
  batch(updates: readonly Update[], first: Tried): Promise<readonly GivenBack<Incoming>[]>;
  /** Of products that failed before: each is written by itself. */
  each(updates: readonly Update[]): Promise<readonly GivenBack<Incoming>[]>;
}

/** What came out of one search. */
interface Search {
  readonly answersBefore: number;
  /** Busy, and nothing else was written or refused since the search began: the store may take nothing at all. */
  readonly suspects: { readonly group: ProductGroup; readonly tried: Failed }[];
  readonly givenBack: GivenBack<Incoming>[];
  busy: number;
}

export function createIsolate(options: {
  readonly writer: GuardedWriter;
  readonly settle: Settle;
  readonly failures: Failures;
  readonly failedAlone: FailedAlone;
}): Isolate {
  const { writer, settle, failures, failedAlone } = options;

  const begin = (): Search => ({ answersBefore: writer.answers, suspects: [], givenBack: [], busy: 0 });
  const apply = (groups: readonly ProductGroup[]): Promise<Tried> => writer.apply(groups.map((group) => group.record));

  async function written(groups: readonly ProductGroup[], tried: Written): Promise<readonly ProductGroup[]> {
    const ids = new Set(tried.records.map((record) => record.product_id));
    const done = groups.filter((group) => ids.has(group.product_id));
    for (const { product_id } of done) failures.forget(product_id);
    const updates = done.flatMap((group) => group.updates);
    await settle(updates, outcomesOf(updates, tried.changed));
    return done.length === groups.length ? [] : groups.filter((group) => !ids.has(group.product_id));
  }

  async function alone(search: Search, group: ProductGroup, tried: Failed): Promise<'go on' | 'stop'> {
    if (tried.fault === 'busy') search.busy += 1;
    const isStoreWell = writer.answers > search.answersBefore || failures.isKnown(group.product_id, writer.answers);
    if (tried.fault === 'busy' && !isStoreWell) search.suspects.push({ group, tried });
    else search.givenBack.push(...(await failedAlone(group, tried)));
    return search.busy < BUSY_MAX ? 'go on' : 'stop';
  }

  async function end(search: Search, untried: readonly ProductGroup[]): Promise<readonly GivenBack<Incoming>[]> {
    const { suspects, givenBack } = search;
    const isOutage =
      writer.answers === search.answersBefore && suspects.length > 0 && suspects.length + untried.length > 1;
    for (const { group, tried } of suspects) {
      if (isOutage) writer.hold(tried.error);
      else givenBack.push(...(await failedAlone(group, tried)));
    }
    const waiting = isOutage ? [...suspects.map(({ group }) => group), ...untried] : untried;
    for (const { product_id } of waiting) failures.suspect(product_id, writer.answers);
    if (waiting.length > 0) givenBack.push({ items: waiting.flatMap((group) => group.updates), delayMs: PROBE_MS });
    return givenBack;
  }

  /** An outage may have ended between a failure and the ping after it: that would be no evidence. */
  async function applyTwice(groups: readonly ProductGroup[]): Promise<Tried> {
    const tried = await apply(groups);
    return tried.result === 'failed' && tried.fault === 'failing' ? apply(groups) : tried;
  }

  return {
    async batch(updates, first) {
      const search = begin();
      const steps: SplitSteps<ProductGroup> = { apply, written, alone: (group, tried) => alone(search, group, tried) };
      const { parts, untried } = await judge(groupsOf(updates), first, steps);
      return end(search, [...untried, ...(await split(parts, { ...steps, atOnce: PARTS_AT_ONCE }))]);
    },
    async each(updates) {
      const search = begin();
      const parts = groupsOf(updates).map((group) => [group]);
      const steps: SplitSteps<ProductGroup> = {
        apply: applyTwice,
        written,
        alone: (group, tried) => alone(search, group, tried),
      };
      return end(search, await split(parts, { ...steps, atOnce: PARTS_AT_ONCE }));
    },
  };
}
