import type { DeadLetter, OpenedStore } from '../src/index.ts';
import type { ProductRecord } from '@product-updates/domain';

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
  /** How many round trips the stores of this place have made to the server so far. */
  readonly roundTrips?: () => Promise<number>;
  /** Connections, open transactions and cursors of this place, as the server counts them. */
  readonly held?: () => Promise<number>;
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

/**
 * - `refused`: open connections are reset, new ones refused.
 * - `black hole`: connections stay open and new ones open, but no byte passes either way.
 * - `requests lost`, `answers lost`: the same, in one direction.
 * - `half closed`: the server's side has ended; requests still go through, no answer comes.
 * - `reset mid-frame`: connections, open and new, are reset after the first few bytes of the next answer.
 * - `stalled`: what is sent on the connections open now is held until `heal`, also when its sender hangs up, and then
 *   delivered late; new connections work.
 * - `delayed`: every chunk takes 20 ms; nothing may fail.
 * - `split`: every byte is sent alone; nothing may fail.
 */
export const networkFaults = [
  'refused',
  'black hole',
  'requests lost',
  'answers lost',
  'half closed',
  'reset mid-frame',
  'stalled',
  'delayed',
  'split',
] as const;
export type NetworkFault = (typeof networkFaults)[number];

export interface NetworkFaults {
  /** From now on, for open and new connections; replaces the fault before it. */
  cause(fault: NetworkFault): Promise<void>;
  /** New connections work; what was stalled is delivered; connections that another fault hurt are reset. */
  heal(): Promise<void>;
}

export interface ServerFaults {
  /** SIGKILL to the server; resolves when it is gone. */
  kill(): Promise<void>;
  /** Starts it again over the same data; resolves when it answers. */
  start(): Promise<void>;
  /** SIGSTOP and SIGCONT. */
  pause(): void;
  resume(): void;
}

export interface StorageFaults {
  /** From now on the server refuses what would grow (disk full, memory full, map full, read-only). */
  fill(): Promise<void>;
  free(): Promise<void>;
}
