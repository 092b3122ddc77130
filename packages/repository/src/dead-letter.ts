import type { ProductEvent } from '@product-updates/domain';

/**
 * Why an update could not be applied: `rejected` — the store says it can never be; `exhausted` — it failed as often as
 * it may; `undecodable` — the bytes are not an event.
 */
export const deadLetterReasons = ['rejected', 'exhausted', 'undecodable'] as const;
export type DeadLetterReason = (typeof deadLetterReasons)[number];

/** What could not be applied, kept for a person. The names are those of the wire. */
export interface DeadLetter {
  /**
   * `<event_id>.<replays>`, so that a new failure of a replay is a new letter and a redelivered failure the same one;
   * for undecodable bytes `undecodable.<SHA-256 in hex>`. Ids start with the event's version: their byte order is the
   * order of the updates.
   */
  readonly id: string;
  /** The product, or the message's key where the bytes could not be read. */
  readonly product_id: string;
  readonly reason: DeadLetterReason;
  /** One line, without secrets or a stack. */
  readonly error: string;
  /** How often applying was tried; 0 where it never was. */
  readonly attempts: number;
  /** RFC 3339, UTC. */
  readonly failed_at: string;
  /** `null` only for undecodable bytes. */
  readonly event: ProductEvent | null;
  /** The message as it came, only for undecodable bytes. */
  readonly bytes: Uint8Array | null;
}

/** A page of letters in the byte order of their ids (= oldest update first). */
export interface Page {
  /** At least 1. */
  readonly limit: number;
  /** Only ids larger than this, which need not exist. */
  readonly after?: string | undefined;
}

export interface DeadLetterSink {
  /** Same id replaces. At the bound it rejects `full` and evicts nothing; replacing is not bounded. */
  add(letter: DeadLetter): Promise<void>;
}

export interface DeadLetterStore extends DeadLetterSink {
  list(page: Page): Promise<readonly DeadLetter[]>;
  get(id: string): Promise<DeadLetter | undefined>;
  /** Whether there was one. */
  remove(id: string): Promise<boolean>;
  count(): Promise<number>;
}

/** The id of the letter that a failure of this event writes. */
export function letterIdOf(event: Pick<ProductEvent, 'event_id' | 'replays'>): string {
  return `${event.event_id}.${event.replays}`;
}
