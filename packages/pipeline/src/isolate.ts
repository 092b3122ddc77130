import type { GivenBack } from '@product-updates/queue';
import { bisect } from './bisect.ts';
import type { FailedAlone } from './failed-alone.ts';
import type { Failures } from './failures.ts';
import { groupsOf, type ProductGroup } from './group.ts';
import type { Failed, GuardedWriter, Tried, Written } from './guarded-writer.ts';
import type { Incoming, Update } from './incoming.ts';
import { outcomesOf } from './outcome.ts';
import { PROBE_MS } from './pace.ts';
import type { Settle } from './settle.ts';

/** So many products that fail alone, and none that could be written, are enough to call it an outage. */
const SUSPECTS_MAX = 8;

/**
 * Finds the products at fault in a batch that could not be written whole: the others are written and settled, those that
 * fail alone are counted, split or dead-lettered. Answers what has to wait. `first` is how the whole batch fared.
 */
export type Isolate = (updates: readonly Update[], first: Tried) => Promise<readonly GivenBack<Incoming>[]>;

interface Run {
  /** Whether the store took or judged anything, so that a failure cannot be blamed on the store alone. */
  answered: boolean;
  readonly suspects: { readonly group: ProductGroup; readonly tried: Failed }[];
  readonly givenBack: GivenBack<Incoming>[];
}

export function createIsolate(options: {
  readonly writer: GuardedWriter;
  readonly settle: Settle;
  readonly failures: Failures;
  readonly failedAlone: FailedAlone;
}): Isolate {
  const { writer, settle, failures, failedAlone } = options;

  async function written(run: Run, groups: readonly ProductGroup[], tried: Written): Promise<readonly ProductGroup[]> {
    run.answered = true;
    const ids = new Set(tried.records.map((record) => record.product_id));
    const done = groups.filter((group) => ids.has(group.product_id));
    for (const { product_id } of done) failures.forget(product_id);
    const updates = done.flatMap((group) => group.updates);
    await settle(updates, outcomesOf(updates, tried.changed));
    return done.length === groups.length ? [] : groups.filter((group) => !ids.has(group.product_id));
  }

  async function alone(run: Run, group: ProductGroup, tried: Failed): Promise<'go on' | 'stop'> {
    const known = run.answered || failures.isKnown(group.product_id, writer.writes);
    if (tried.code === 'unavailable' && !known) {
      run.suspects.push({ group, tried });
      return run.suspects.length < SUSPECTS_MAX ? 'go on' : 'stop';
    }
    if (tried.code === 'invalid') run.answered = true;
    run.givenBack.push(...(await failedAlone(group, tried)));
    return 'go on';
  }

  /** Several products failed alone and nothing was written: the store answers pings but takes no writes. */
  function holdAll(run: Run, untried: readonly ProductGroup[]): void {
    for (const { group, tried } of run.suspects) {
      writer.hold(tried.error);
      failures.suspect(group.product_id, writer.writes);
    }
    const groups = [...run.suspects.map(({ group }) => group), ...untried];
    run.givenBack.push({ items: groups.flatMap((group) => group.updates), delayMs: PROBE_MS });
  }

  return async (updates, first) => {
    const run: Run = { answered: false, suspects: [], givenBack: [] };
    const untried = await bisect(groupsOf(updates), first, {
      apply: (groups) => writer.apply(groups.map((group) => group.record)),
      written: (groups, tried) => written(run, groups, tried),
      alone: (group, tried) => alone(run, group, tried),
    });
    if (untried.length > 0 || (run.suspects.length > 1 && !run.answered)) {
      holdAll(run, untried);
    } else {
      for (const { group, tried } of run.suspects) run.givenBack.push(...(await failedAlone(group, tried)));
    }
    return run.givenBack;
  };
}
