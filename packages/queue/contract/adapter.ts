import type { Durability, OpenedQueue } from '../src/index.ts';
import type { Place } from './place.ts';
import type { Skip } from './skips.ts';

/** An adapter and what the suite needs to try it. */
export interface QueueContract {
  /** Of the adapter, as it shall stand in the titles. */
  readonly name: string;
  readonly declared: Declared;
  /**
   * A place with no message in it, for at most `capacity`; called once for each test and given its id (`Q9`), so that
   * those which kill, stop or fill a server can have one of their own.
   */
  readonly place: (options: { readonly capacity: number; readonly test: string }) => Promise<Place>;
  /** Q31: servers that the opener must refuse. */
  readonly refusals?: readonly Refusal[];
  /** Every test that needs something which is not given or not declared must stand here, else the suite says so. */
  readonly skip: readonly Skip[];
}

/** What an adapter says of itself; the suite holds it to it. A promise it does not make is a test it skips by name. */
export interface Declared {
  /** What `open` must answer, and with `disk` and `replicated` what survives a kill of the server. */
  readonly durability: Durability;
  /** Whether `stats` counts exactly as soon as nothing is under way; else it is asked until it does. */
  readonly exactDepth: boolean;
  /** Whether messages of one key are first delivered in the order they were published. */
  readonly keepsOrder: boolean;
  /** Whether `attempt` counts how often a message was handed out. */
  readonly keepsAttempts: boolean;
  /** Whether a publish that is `full` took none, however many messages it has. */
  readonly allOrNone: boolean;
  /** How long after its consumer has gone a message may take to be delivered again, in ms. */
  readonly redeliveryMs: number;
  /** The adapter's own time-out as the places open it, in ms: every call settles within it + 250 ms. Best under 1,000. */
  readonly timeoutMs: number;
  /** How long the queue may need to work again after a fault has ended, in ms; 10,000 unless given. */
  readonly recoveryMs?: number;
  /** By how many messages `depth` may exceed `capacity`, where the server holds the bound or it is polled; 0 unless given. */
  readonly overshoot?: number;
  /** How many messages the adapter may take from the server before it was asked for them; 0 unless given. */
  readonly prefetch?: number;
  /** The largest body it carries, in bytes; none unless given. */
  readonly maxBodyBytes?: number;
  /** How many command sequences the model test runs; 500 and 20,000 unless given. */
  readonly runs?: { readonly quick: number; readonly long: number };
}

/** A server that must not be opened: it evicts, forgets, drops the head; or a right or a setting is wrong. */
export interface Refusal {
  readonly name: string;
  readonly open: () => Promise<OpenedQueue<Uint8Array>>;
  /** What the message must say. */
  readonly says: RegExp;
  /** What it must not contain. */
  readonly password?: string;
}
