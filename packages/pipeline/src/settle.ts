import { codeOf } from '@product-updates/errors';
import type { Clock, Consumer } from '@product-updates/queue';
import type { Holds } from './holds.ts';
import type { Incoming, IncomingBody, Outcome } from './incoming.ts';
import type { PipelineObserver } from './observer.ts';
import type { Pace } from './pace.ts';
import type { Window } from './window.ts';

/** Deliveries that ended in the same way. */
export interface Ended {
  readonly outcome: Outcome;
  readonly deliveries: readonly Incoming[];
}

/**
 * Acks all of them in one call, then counts each once. An ack that rejects is tried again about every second, and the
 * queue is told as what holds, until it resolves. Rejects only once the pipeline is stopped.
 */
export type Settle = (deliveries: readonly Incoming[], ended: readonly Ended[]) => Promise<void>;

export function createSettle(options: {
  readonly consumer: Pick<Consumer<IncomingBody>, 'ack'>;
  readonly window: Window;
  readonly holds: Holds;
  readonly clock: Clock;
  readonly pace: Pace;
  readonly observer: PipelineObserver;
  readonly stop: AbortSignal;
}): Settle {
  const { consumer, window, holds, clock, pace, observer, stop } = options;

  async function ackFailure(deliveries: readonly Incoming[]): Promise<Error | undefined> {
    try {
      await consumer.ack(deliveries);
      return undefined;
    } catch (error) {
      if (codeOf(error) === undefined) observer.failed('ack', error);
      return error instanceof Error ? error : new Error(String(error));
    }
  }

  async function ackAgain(deliveries: readonly Incoming[], first: Error): Promise<void> {
    holds.enter('queue', first);
    try {
      for (let failure: Error | undefined = first; failure !== undefined;) {
        holds.update('queue', failure);
        await pace.wait(pace.nextMs());
        failure = await ackFailure(deliveries);
      }
    } finally {
      holds.leave('queue');
    }
  }

  return async (deliveries, ended) => {
    stop.throwIfAborted();
    const failure = await ackFailure(deliveries);
    if (failure !== undefined) await ackAgain(deliveries, failure);
    const nowMs = clock.now();
    for (const { outcome, deliveries } of ended) {
      const released = window.release(deliveries);
      if (released.length > 0) observer.settled(released, outcome, nowMs);
    }
  };
}
