import { guarded } from '@product-updates/errors';
import type { About, HttpObserver } from './http-dependencies.ts';

/** The same observer, unable to throw into a request: what it throws is reported to its own `failed`. */
export function guardedObserver(observer: HttpObserver): HttpObserver {
  const failed = guarded((what: string, error: unknown, about?: About) => observer.failed(what, error, about));
  const told = (name: keyof HttpObserver) => (error: unknown) => failed(`observer.${name}`, error);
  const acceptingThrew = told('accepting');
  const respondedThrew = told('responded');
  return {
    accepting(events, traceparent) {
      try {
        return guarded(observer.accepting(events, traceparent), acceptingThrew);
      } catch (error) {
        acceptingThrew(error);
        return () => {};
      }
    },
    refused: guarded((reason, updates) => observer.refused(reason, updates), told('refused')),
    // For each answer, so without the arrays that rest parameters cost.
    responded(method, route, status, durationMs) {
      try {
        observer.responded(method, route, status, durationMs);
      } catch (error) {
        respondedThrew(error);
      }
    },
    connectionDropped: guarded((reason) => observer.connectionDropped(reason), told('connectionDropped')),
    denied: guarded((denial) => observer.denied(denial), told('denied')),
    unavailable: guarded((...failure) => observer.unavailable(...failure), told('unavailable')),
    replayed: guarded((letter_id) => observer.replayed(letter_id), told('replayed')),
    failed,
  };
}

/** For an observer without `failed`: what it throws is dropped. */
export function guardedServerObserver(
  observer: Pick<HttpObserver, 'refused' | 'responded' | 'connectionDropped'>,
): Pick<HttpObserver, 'refused' | 'responded' | 'connectionDropped'> {
  return {
    refused: guarded((reason, updates) => observer.refused(reason, updates)),
    responded: guarded((...response) => observer.responded(...response)),
    connectionDropped: guarded((reason) => observer.connectionDropped(reason)),
  };
}
