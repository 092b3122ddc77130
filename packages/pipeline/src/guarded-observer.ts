import { guarded } from '@product-updates/errors';
import type { PipelineObserver } from './observer.ts';

/** The same observer, unable to throw into the pipeline: what it throws is reported to its own `failed`. */
export function guardedObserver(observer: PipelineObserver): PipelineObserver {
  const failed = guarded((what: string, error: unknown) => observer.failed(what, error));
  const told = (name: keyof PipelineObserver) => (error: unknown) => failed(`observer.${name}`, error);
  return {
    received: guarded((deliveries) => observer.received(deliveries), told('received')),
    applied: guarded((records, durationMs) => observer.applied(records, durationMs), told('applied')),
    settled: guarded((deliveries, outcome, atMs) => observer.settled(deliveries, outcome, atMs), told('settled')),
    retried: guarded((...retry) => observer.retried(...retry), told('retried')),
    deadLettered: guarded((letter) => observer.deadLettered(letter), told('deadLettered')),
    held: guarded((reason, error) => observer.held(reason, error), told('held')),
    released: guarded((reason, heldMs) => observer.released(reason, heldMs), told('released')),
    failed,
  };
}
