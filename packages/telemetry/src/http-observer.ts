import type { ProductEvent } from '@product-updates/domain';
import type { Clock } from '@product-updates/queue';
import type { Counters } from './counters.ts';
import type { FloodGate } from './flood-gate.ts';
import type { Log } from './log.ts';
import { failure, traceIdOf } from './log-fields.ts';

/** What http tells: its observer, structurally. */
export interface HttpObserver {
  /** Replays too: the queue took such an update once more, and it will be settled once more. */
  accepted(events: readonly ProductEvent[], traceparent: string | undefined): void;
  refused(reason: string, updates: number): void;
  responded(method: string, route: string, status: number, durationMs: number): void;
  replayed(letter_id: string): void;
  failed(what: string, error: unknown): void;
}

export interface HttpObserverOptions {
  readonly counters: Counters;
  readonly log: Log;
  readonly gate: FloodGate;
  readonly clock: Pick<Clock, 'now'>;
}

export function createHttpObserver({ counters, log, gate, clock }: HttpObserverOptions): HttpObserver {
  return {
    accepted(events, traceparent) {
      counters.accepted.add(events.length);
      counters.acceptedRate.add(events.length, clock.now());
      if (!log.debugs) return;
      const told = { trace_id: traceIdOf(traceparent), attempt: 0, outcome: 'accepted' };
      for (const { event_id, product_id } of events) log.debug({ event_id, product_id, ...told }, 'enqueue');
    },
    refused: (reason, updates) => counters.refused.add(reason, updates),
    responded: (method, route, status, durationMs) =>
      counters.routeSeconds.observe(method, route, status, durationMs / 1000),
    replayed(letter_id) {
      if (gate.passes('replay')) log.info({ letter_id }, 'replay');
    },
    failed(what, error) {
      if (gate.passes('http failure')) log.error(failure(error), what);
    },
  };
}
