import type { OpenedStore } from '../src/index.ts';
import type { Durability } from '@product-updates/queue';
import type { Skip } from '@product-updates/queue/contract';
import type { Place } from './place.ts';

/** An adapter and what the suite needs to try it. */
export interface StoreContract {
  /** Of the adapter, as it shall stand in the titles. */
  readonly name: string;
  readonly declared: Declared;
  /** A place with no data in it, called once for each test with its id: a test that kills the server may get another one. */
  readonly place: (id: string) => Promise<Place>;
  /** R13: the table by which native errors become ours. */
  readonly errors?: ErrorTable;
  /** R20: servers and data that the opener must refuse. */
  readonly refusals?: readonly Refusal[];
  /** Every test that needs something which is not given must stand here, else it fails and says what it needs. */
  readonly skip: readonly Skip[];
}

/** What an adapter says of itself; the suite holds it to it. */
export interface Declared {
  /** What `open` must answer, and with `disk` and `replicated` what survives a kill of the server. */
  readonly durability: Durability;
  /** How long the store may need to work again after a fault has ended, in ms; 5,000 unless given. */
  readonly recoveryMs?: number;
  /** Round trips that a batch of 1,000 may take; 1 unless given. */
  readonly roundTripsPerBatch?: number;
  /** How many runs a property test makes; 100 and 500 unless given. */
  readonly runs?: { readonly quick: number; readonly long: number };
}

/** R13: every kind of error that the client library throws. */
export interface ErrorTable {
  /** The function of the adapter's `errors.ts`. */
  readonly translate: (native: unknown) => unknown;
  readonly rows: readonly {
    readonly name: string;
    readonly native: unknown;
    readonly code: 'unavailable' | 'invalid' | 'misconfigured' | 'full' | 'closed';
  }[];
}

/** A server or data that must not be opened: a newer schema, a server that evicts, a right that is missing. */
export interface Refusal {
  readonly name: string;
  readonly open: () => Promise<OpenedStore>;
  /** What the message must say. */
  readonly says: RegExp;
  /** What it must not contain. */
  readonly password?: string;
}
