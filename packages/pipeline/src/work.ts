import { type GivenBack, Undecodable, type Work } from '@product-updates/queue';
import type { Acks } from './acks.ts';
import type { DeadLetterAll, Hopeless } from './dead-lettering.ts';
import type { FailureState, Failures } from './failures.ts';
import type { Gate } from './gate.ts';
import { coalesced } from './group.ts';
import type { GuardedWriter } from './guarded-writer.ts';
import type { Incoming, Update } from './incoming.ts';
import type { Isolate } from './isolate.ts';
import { outcomesOf } from './outcome.ts';
import type { Settle } from './settle.ts';

/** Handed out more often than this, an update is suspected of killing its worker, and written alone. */
const WARY_AFTER = 10;
/** Handed out more often than this, it is not tried again. */
const DELIVERIES_MAX = 20;

const nothing: readonly GivenBack<Incoming>[] = [];

/**
 * What a lane does with a batch: write what the updates make together, one record a product, in one call; ack, and tell
 * what became of each, while the lane goes on. Whatever goes wrong on the way is somebody else's: the writer's (an outage), `isolate`'s.
 */
export function createWork(options: {
  readonly writer: GuardedWriter;
  readonly isolate: Isolate;
  readonly settle: Settle;
  readonly acks: Acks;
  readonly deadLetterAll: DeadLetterAll;
  readonly sinkGate: Gate;
  readonly failures: Failures;
  readonly random: () => number;
  readonly stop: AbortSignal;
}): Work<Incoming> {
  const { writer, isolate, settle, acks, deadLetterAll, sinkGate, failures, random, stop } = options;

  /** Resolves when they are applied, with the promise of their ack in `acks`, or isolated. */
  async function apply(updates: readonly Update[]): Promise<readonly GivenBack<Incoming>[]> {
    const written = coalesced(updates);
    const { records } = written;
    let tried = await writer.apply(records);
    // The ping that answered came after this failure, and an outage may have ended in between: no evidence against one
    // that was alone from the start. Of a larger batch the parts are tried after that ping anyway.
    if (tried.result === 'failed' && tried.fault !== 'invalid' && records.length === 1) {
      tried = await writer.apply(records);
    }
    if (tried.result !== 'written' || tried.records.length < records.length) return isolate.batch(updates, tried);
    if (failures.size > 0) for (const { product_id } of records) failures.forget(product_id);
    acks.add(settle(updates, outcomesOf(updates, tried.changed, written)));
    return nothing;
  }

  /** What failed before is kept apart, so that others need not fail or wait with it. */
  async function applyApart(updates: readonly Update[]): Promise<readonly GivenBack<Incoming>[]> {
    if (failures.size === 0) return updates.length === 0 ? nothing : apply(updates);
    const apart: Record<FailureState, Update[]> = { none: [], suspected: [], failed: [] };
    for (const update of updates) apart[failures.stateOf(update.body.product_id)].push(update);
    const { none, suspected, failed } = apart;
    const givenBack = [
      none.length === 0 ? nothing : await apply(none),
      suspected.length === 0 ? nothing : await apply(suspected),
      failed.length === 0 ? nothing : await isolate.each(failed),
    ];
    return givenBack.flat();
  }

  async function workOn(batch: readonly Incoming[]): Promise<readonly GivenBack<Incoming>[]> {
    const { usual, wary, hopeless } = sift(batch);
    let givenBack = await applyApart(usual);
    // In random order, so that what came with a worker-killing update is settled before it in half of the lives.
    for (const update of shuffle(wary, random)) {
      await acks.none();
      givenBack = givenBack.concat(await applyApart([update]));
    }
    await deadLetterAll(hopeless);
    return givenBack;
  }

  return async (batch) => {
    try {
      if (!sinkGate.isOpen) await sinkGate.opened();
      return await workOn(batch);
    } catch (error) {
      if (stop.aborted) return nothing;
      throw error;
    }
  };
}

interface Sifted {
  readonly usual: readonly Update[];
  readonly wary: Update[];
  readonly hopeless: readonly Hopeless[];
}

function sift(batch: readonly Incoming[]): Sifted {
  if (batch.every((delivery) => isUpdate(delivery) && delivery.attempt <= WARY_AFTER)) {
    return { usual: batch as readonly Update[], wary: [], hopeless: [] };
  }
  const usual: Update[] = [];
  const wary: Update[] = [];
  const hopeless: Hopeless[] = [];
  for (const delivery of batch) {
    const { attempt, body } = delivery;
    if (body instanceof Undecodable) {
      hopeless.push({ delivery, reason: 'undecodable', error: body.error, attempts: 0 });
    } else if (attempt > DELIVERIES_MAX) {
      const error = new Error(`handed out ${attempt} times and never settled: it may end whatever applies it`);
      hopeless.push({ delivery, reason: 'exhausted', error, attempts: attempt - 1 });
    } else {
      (attempt > WARY_AFTER ? wary : usual).push(delivery as Update);
    }
  }
  return { usual, wary, hopeless };
}

function isUpdate(delivery: Incoming): boolean {
  return !(delivery.body instanceof Undecodable);
}

function shuffle<T>(items: T[], random: () => number): readonly T[] {
  for (let i = items.length - 1; i > 0; i -= 1) {
    const j = Math.floor(random() * (i + 1));
    [items[i], items[j]] = [items[j] as T, items[i] as T];
  }
  return items;
}
