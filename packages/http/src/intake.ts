import { acceptanceOf, publishEvents, stampUpdates, type Acceptance } from './accepted.ts';
import type { HttpDependencies } from './http-dependencies.ts';
import type { ParsedUpdates } from './parse-updates.ts';
import { messageHeaders } from './trace-context.ts';

/** What became of the updates of a body: one of the two is called, once. */
export interface IntakeAnswer {
  accepted(acceptance: Acceptance): void;
  /** With what the queue rejected them with. */
  refused(error: unknown): void;
}

export type Intake = (parsed: ParsedUpdates, traceparent: string | undefined, answer: IntakeAnswer) => void;

/**
 * Makes events of updates and asks the queue to take them. Until it has answered neither is kept: with large arrays they would
 * be most of the heap. Throws what is thrown before the queue is asked.
 */
export function createIntake({
  publisher,
  stamper,
  observer,
}: Pick<HttpDependencies, 'publisher' | 'stamper' | 'observer'>): Intake {
  return (parsed, traceparent, answer) => {
    const events = stampUpdates(stamper, parsed);
    const acceptance = acceptanceOf(parsed, events);
    const observed = observer.accepting(events, traceparent);
    publishEvents(publisher, events, messageHeaders(traceparent)).then(
      () => {
        observed();
        answer.accepted(acceptance);
      },
      (error: unknown) => answer.refused(error),
    );
  };
}
