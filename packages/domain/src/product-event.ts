import type { ProductRecord } from './product-record.ts';

/** An accepted update. Its fields all carry its own version; a field it does not set is `null` at version 0. */
export interface ProductEvent extends ProductRecord {
  /** Opaque to clients, unique, see `event-id.ts`. */
  readonly event_id: string;
  /** Milliseconds since the Unix epoch, by the clock of the server that accepted it. */
  readonly accepted_at: number;
  /** How often it was replayed from the dead letters. */
  readonly replays: number;
}
