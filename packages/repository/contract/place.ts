import type { DeadLetter, OpenedStore } from '../src/index.ts';
import type { ProductRecord } from '@product-updates/domain';
import type { NetworkFaults, ServerFaults, StorageFaults } from '@product-updates/queue/contract';

/** What the suite asks of a connection. */
export interface PlaceOptions {
  readonly deadLetterMax: number;
  /** The adapter's time-out for a call: short where a test waits for it. Every call settles within it + 250 ms. */
  readonly timeoutMs: number;
}

/** Where the data of one test lives: a folder, a schema, a key prefix. Empty at first. */
export interface Place {
  /**
   * A connection to the data; called again, a further one, as another server of ours would have. The suite disposes it.
   * A store that lives in this process answers the same store each time.
   */
  open(options: PlaceOptions): Promise<OpenedStore>;
  /** Called last, after every store is disposed: removes the data, ends what the place started. */
  remove(): Promise<void>;
  /** What the place can do to its store. Tests that need a fault that is not here must be skipped by name. */
  readonly faults: StoreFaults;
}

/** Only processes that the place itself started are killed, only connections that go through its own proxy are hurt. */
export interface StoreFaults {
  /** Another process of ours that opened the same data; resolves when it has. See `forkStore`. */
  readonly fork?: () => Promise<ForkedStore>;
  /** What lies between this process and the server, for every store that the place opened. See `createTcpProxy`. */
  readonly network?: NetworkFaults;
  readonly server?: ServerFaults;
  readonly storage?: StorageFaults;
  readonly failover?: FailoverFaults;
  readonly locks?: LockFaults;
  /** How many round trips the stores of this place have made to the server so far. */
  readonly roundTrips?: () => Promise<number>;
  /** Connections, open transactions and cursors of this place, as the server counts them. */
  readonly held?: () => Promise<number>;
}

/** What an operator or a cluster does to a server behind our back. Each ends the sessions, as a failover does. */
export interface FailoverFaults {
  /** New sessions are read-only: an operator, or a cluster that has lost its quorum. */
  readOnly(): Promise<void>;
  /** What the stores connect to is now a replica, which takes no writes. */
  replica(): Promise<void>;
  /** Ends either: what the stores connect to takes writes again. Sessions of the meantime are not ended. */
  primary(): Promise<void>;
}

/** What other users of the same server do. */
export interface LockFaults {
  /** Somebody else holds the product's row or key for writing; resolves when it is held. Called again, ends it. */
  hold(product_id: string): Promise<() => Promise<void>>;
}

/** The other process. What it answers has travelled; it holds the data open until it is killed or stopped. */
export interface ForkedStore {
  apply(records: readonly ProductRecord[]): Promise<readonly ProductRecord[]>;
  addLetter(letter: DeadLetter): Promise<void>;
  /** SIGKILL; resolves when the process is gone. Calls under way reject. */
  kill(): Promise<void>;
  /** Disposes the store and ends the process; resolves when it is gone. */
  stop(): Promise<void>;
}
