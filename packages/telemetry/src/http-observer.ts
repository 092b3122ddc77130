import type { ProductEvent } from '@product-updates/domain';
import type { Clock } from '@product-updates/queue';
import type { Counters } from './counters.ts';
import type { FloodGate } from './flood-gate.ts';
import type { Log } from './log.ts';
import { failure, traceIdOf } from './log-fields.ts';

/** What http tells: its observer, structurally. */
export interface HttpObserver {
  /**
   * Answers what to call when the queue took them. Replays too: the queue takes such an update once more, and it will be settled
   * once more.
   */
  accepting(events: readonly ProductEvent[], traceparent: string | undefined): () => void;
  refused(reason: string, updates: number): void;
  responded(method: string, route: string, status: number, durationMs: number): void;
  connectionDropped(reason: string): void;
  denied(denial: object): void;
  unavailable(what: string, error: unknown, about?: object): void;
  replayed(letter_id: string): void;
  failed(what: string, error: unknown, about?: object): void;
}

export interface HttpObserverOptions {
  readonly counters: Counters;
  readonly log: Log;
  readonly gate: FloodGate;
  /** Of dropped connections. */
  readonly dropsGate: FloodGate;
  readonly clock: Pick<Clock, 'now'>;
}

export function createHttpObserver({ counters, log, gate, dropsGate, clock }: HttpObserverOptions): HttpObserver {
  /** Keeps nothing but the number. */
  function counting(updates: number): () => void {
    return () => {
      counters.accepted.add(updates);
      counters.acceptedRate.add(updates, clock.now());
    };
  }

  function telling(events: readonly ProductEvent[], traceparent: string | undefined): () => void {
    const count = counting(events.length);
    return () => {
      count();
      const told = { trace_id: traceIdOf(traceparent), attempt: 0, outcome: 'accepted' };
      for (const { event_id, product_id } of events) log.debug({ event_id, product_id, ...told }, 'enqueue');
    };
  }

  return {
    accepting(events, traceparent) {
      return log.debugs ? telling(events, traceparent) : counting(events.length);
    },
    refused: (reason, updates) => counters.refused.add(reason, updates),
    responded: (method, route, status, durationMs) =>
      counters.routeSeconds.observe(method, route, status, durationMs / 1000),
    connectionDropped(reason) {
      if (dropsGate.passes(reason)) log.warn({ reason }, 'a connection was closed so that others are served');
    },
    denied(denial) {
      if (log.debugs) log.debug({ ...denial }, 'denied');
    },
    unavailable(what, error, about) {
      if (gate.passes('http unavailable')) log.warn({ ...about, ...failure(error) }, what);
    },
    replayed(letter_id) {
      if (gate.passes('replay')) log.info({ letter_id }, 'replay');
    },
    failed(what, error, about) {
      if (gate.passes('http failure')) log.error({ ...about, ...failure(error) }, what);
    },
  };
}
