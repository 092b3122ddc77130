import { createHash } from 'node:crypto';
import { describe } from '@product-updates/errors';
import { type Clock, Undecodable } from '@product-updates/queue';
import { type DeadLetter, type DeadLetterReason, type DeadLetterSink, letterIdOf } from '@product-updates/repository';
import type { Gate } from './gate.ts';
import type { Incoming } from './incoming.ts';
import type { PipelineObserver } from './observer.ts';
import type { Settle } from './settle.ts';

/** A delivery that cannot be applied, and why. */
export interface Hopeless {
  readonly delivery: Incoming;
  readonly reason: DeadLetterReason;
  readonly error: unknown;
  /** How often applying was tried. */
  readonly attempts: number;
}

/**
 * Writes their letters, then acks them: in this order, so that a crash in between writes the same letter again and loses
 * nothing. A sink that refuses, for whatever reason, holds all lanes; nothing is ever evicted for room. Rejects only
 * once the pipeline is stopped.
 */
export type DeadLetterAll = (hopeless: readonly Hopeless[]) => Promise<void>;

export function createDeadLettering(options: {
  readonly sink: DeadLetterSink;
  readonly gate: Gate;
  readonly settle: Settle;
  readonly clock: Clock;
  readonly observer: Pick<PipelineObserver, 'deadLettered'>;
  readonly stop: AbortSignal;
}): DeadLetterAll {
  const { sink, gate, settle, clock, observer, stop } = options;

  async function add(letter: DeadLetter): Promise<void> {
    for (;;) {
      stop.throwIfAborted();
      const probing = !gate.isOpen && (await gate.pass()) === 'probe';
      try {
        await sink.add(letter);
      } catch (error) {
        if (probing) gate.failed(error);
        else gate.shut(error);
        continue;
      }
      if (probing) gate.open();
      return;
    }
  }

  return async (hopeless) => {
    if (hopeless.length === 0) return;
    for (const one of hopeless) {
      const letter = letterOf(one, clock.now());
      await add(letter);
      observer.deadLettered(letter);
    }
    const deliveries = hopeless.map(({ delivery }) => delivery);
    await settle(deliveries, [{ outcome: 'dead_lettered', deliveries }]);
  };
}

function letterOf({ delivery, reason, error, attempts }: Hopeless, nowMs: number): DeadLetter {
  const { body, key } = delivery;
  const common = { reason, error: describe(error), attempts, failed_at: new Date(nowMs).toISOString() };
  if (body instanceof Undecodable) {
    const hash = createHash('sha256').update(body.bytes).digest('hex');
    return { id: `undecodable.${hash}`, product_id: key, ...common, event: null, bytes: body.bytes };
  }
  return { id: letterIdOf(body), product_id: body.product_id, ...common, event: body, bytes: null };
}
