import type { ProductEvent } from '@product-updates/domain';
import type { Clock, Delivery } from '@product-updates/queue';
import type { DeadLetter } from '@product-updates/repository';
import type { Counters, Outcome } from './counters.ts';
import type { FloodGate } from './flood-gate.ts';
import type { Log } from './log.ts';
import { failure, traceIdOf } from './log-fields.ts';

/** A message's body as far as this package looks: an event, or bytes that could not be read as one. */
type Body = ProductEvent | { readonly bytes: Uint8Array };
type Deliveries = readonly Delivery<Body>[];

/** What the pipeline tells, in its own terms: the pipeline's observer, structurally. */
export interface PipelineObserver {
  received(deliveries: Deliveries): void;
  applied(records: number, durationMs: number): void;
  settled(deliveries: Deliveries, outcome: Outcome, atMs: number): void;
  retried(deliveries: Deliveries, reason: string, attempt: number, delayMs: number, error: string): void;
  deadLettered(letter: DeadLetter): void;
  held(reason: string, error: string): void;
  released(reason: string, heldMs: number): void;
  failed(what: string, error: unknown): void;
}

export interface PipelineObserverOptions {
  readonly counters: Counters;
  readonly log: Log;
  readonly gate: FloodGate;
  readonly clock: Pick<Clock, 'now'>;
}

export function createPipelineObserver({ counters, log, gate, clock }: PipelineObserverOptions): PipelineObserver {
  return {
    received(deliveries) {
      counters.lastReceive.ms = clock.now();
      let again = 0;
      for (const delivery of deliveries) if (delivery.attempt > 1) again += 1;
      if (again > 0) counters.redelivered.add(again);
      if (log.debugs) for (const delivery of deliveries) log.debug(fieldsOf(delivery), 'dequeue');
    },
    applied(records, durationMs) {
      counters.applyRecords.observe(records);
      counters.applySeconds.observe(durationMs / 1000);
    },
    settled(deliveries, outcome, atMs) {
      counters.settled.add(outcome, deliveries.length);
      counters.settledRate.add(deliveries.length, atMs);
      if (outcome === 'applied') observeEndToEnd(counters, deliveries, atMs);
      if (log.debugs) for (const delivery of deliveries) log.debug({ ...fieldsOf(delivery), outcome }, 'ack');
    },
    retried(deliveries, reason, attempt, delayMs, error) {
      counters.retried.add(reason, deliveries.length);
      if (!log.debugs) return;
      const told = { attempt, outcome: 'retry', reason, delay_ms: delayMs, error };
      for (const delivery of deliveries) log.debug({ ...fieldsOf(delivery), ...told }, 'retry');
    },
    deadLettered(letter) {
      if (!gate.passes('dead letter')) return;
      const { id, product_id, reason, error, attempts } = letter;
      const told = { event_id: letter.event?.event_id, product_id, attempt: attempts, outcome: 'dead_lettered' };
      log.warn({ ...told, letter_id: id, reason, error }, 'dead letter');
    },
    held: (reason, error) => log.warn({ reason, error }, 'held'),
    released: (reason, heldMs) => log.info({ reason, held_ms: heldMs }, 'released'),
    failed(what, error) {
      if (gate.passes('pipeline failure')) log.error(failure(error), what);
    },
  };
}

/** A replayed update is left out: its way began when a person replayed it, which no message tells. */
function observeEndToEnd(counters: Counters, deliveries: Deliveries, atMs: number): void {
  for (const { body } of deliveries) {
    if ('event_id' in body && body.replays === 0) counters.endToEndSeconds.observe((atMs - body.accepted_at) / 1000);
  }
}

function fieldsOf({ body, key, headers, attempt }: Delivery<Body>): Record<string, unknown> {
  const event_id = 'event_id' in body ? body.event_id : undefined;
  return { event_id, product_id: key, trace_id: traceIdOf(headers['traceparent']), attempt };
}
