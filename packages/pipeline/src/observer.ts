import type { DeadLetter } from '@product-updates/repository';
import type { HoldReason } from './holds.ts';
import type { Incoming, Outcome } from './incoming.ts';

/**
 * What the pipeline tells while it runs. Called synchronously, so it must be cheap. What it throws goes to its own
 * `failed`, and the pipeline goes on.
 */
export interface PipelineObserver {
  received(deliveries: readonly Incoming[]): void;
  /** One call of the writer that succeeded. */
  applied(records: number, durationMs: number): void;
  /** Each delivery once, after its ack resolved; `atMs` since the epoch. */
  settled(deliveries: readonly Incoming[], outcome: Outcome, atMs: number): void;
  /**
   * A product failed alone for the `attempt`th time and waits. `reason`: an error code, or `bug`; `error`: one line.
   */
  retried(deliveries: readonly Incoming[], reason: string, attempt: number, delayMs: number, error: string): void;
  /** The sink has it; the ack comes after. Told again for the same id when a crash comes between the two. */
  deadLettered(letter: DeadLetter): void;
  /** Nothing of this kind is possible for now; `error`: one line. Told again, before `released`, when the cause is a new one. */
  held(reason: HoldReason, error: string): void;
  released(reason: HoldReason, heldMs: number): void;
  /** A bug or an oddity worth a line in the log; the pipeline goes on. */
  failed(what: string, error: unknown): void;
}
