import type { Abortable } from './abort.ts';

/**
 * What a queue's or a store's acknowledgement survives, from least to most: `none` — not the end of this process;
 * `process` — the end of this process, but not of the machine; `disk` — the loss of power; `replicated` — the loss of one
 * machine.
 */
export const durabilities = ['none', 'process', 'disk', 'replicated'] as const;
export type Durability = (typeof durabilities)[number];

/** W3C trace context and the like. Small, copied by adapters to the message's native headers where there are any. */
export type Headers = Readonly<Record<string, string>>;

/** The headers of a message that has none: shared, so that they cost nothing. */
export const noHeaders: Headers = Object.freeze({});

/** What goes out. `key` groups what belongs together (a product id): at most 512 bytes of UTF-8, any character. */
export interface Message<T> {
  readonly key: string;
  readonly body: T;
  readonly headers: Headers;
}

/** What comes in. */
export interface Delivery<T> extends Message<T> {
  /** How often this message was handed out, counting this one: a lower bound; 1 where the queue keeps none. */
  readonly attempt: number;
  /** The adapter's own. A delivery is settled by it alone, so a copy that carries it settles as well as the original. */
  readonly receipt: unknown;
}

export interface Publisher<T> {
  /**
   * Resolves when the queue has taken responsibility for all of them (the broker confirmed, the disk synced, the buffer
   * holds them). Never waits for room; answers after at most one round trip and its time-out.
   *
   * Rejects `full`: none was taken. `unavailable`: some may have been, publishing again is harmless. `invalid`: one is
   * larger than the queue can carry, none was taken. `closed`.
   */
  publish(messages: readonly Message<T>[]): Promise<void>;
}

export interface Consumer<T> {
  /**
   * At least one delivery and at most `max`; waits for the first, takes what else is there. `[]` means closed, with
   * nothing waiting and nothing unacked. Rejects `unavailable` or `misconfigured` while the server cannot be asked, and
   * with the signal's reason when that fires; no delivery is lost by either.
   */
  receive(max: number, options?: Abortable): Promise<readonly Delivery<T>[]>;
  /**
   * These are done and never come again. Rejects `unavailable`: some may be settled, acking again is harmless. Acking
   * what was acked, nacked or lost to another consumer resolves and settles nothing.
   */
  ack(deliveries: readonly Delivery<T>[]): Promise<void>;
  /** Give back at once, `attempt` + 1. Never waits for room. Used when a drain runs out of time, never as a retry. */
  nack(deliveries: readonly Delivery<T>[]): Promise<void>;
  /** Stop taking in; what this process holds still comes out. Synchronous, and harmless when called again. */
  close(): void;
}

export interface QueueStats {
  /** All that is not settled: waiting and unacked. Never above `capacity` by more than the adapter declares. */
  readonly depth: number;
  /** What `depth` is bounded by; `null` where the server knows no bound. */
  readonly capacity: number | null;
  /** Handed out to this process and not settled yet. */
  readonly unacked: number;
  /** When the oldest unsettled message was published, in milliseconds since the epoch; `null` when empty or unknown. */
  readonly oldestMs: number | null;
}

/** A queue of messages, at least once. Whoever opened it disposes it; disposing twice is harmless. */
export interface Queue<T> extends Publisher<T>, Consumer<T>, AsyncDisposable {
  /** Exact at rest; taken at the moment of the call where the queue lives in this process. */
  stats(): Promise<QueueStats>;
  /** Resolves when the server answers; rejects `unavailable` or `misconfigured`. */
  ping(): Promise<void>;
}

/** An opened queue, with what its opener found out about it. */
export interface OpenedQueue<T> {
  readonly queue: Queue<T>;
  readonly durability: Durability;
  /** For the start line and readiness: what it is and where, without secrets. */
  readonly description: string;
}
