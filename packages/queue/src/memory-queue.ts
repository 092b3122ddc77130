import { CodedError, readUrlOptions } from '@product-updates/errors';

import type { Abortable } from './abort.ts';
import type { Clock } from './clock.ts';
import type { OpenQueue, QueueOpenContext } from './open-queue.ts';
import type { Delivery, Message, OpenedQueue, Queue, QueueStats } from './queue.ts';
import { Ring } from './ring.ts';
import { Unsettled, UnsettledEntry } from './unsettled.ts';
import { WaitingLine } from './waiting-line.ts';
import { wholeNumberFault } from './whole-number.ts';
import type { Undecodable } from './with-codec.ts';

/**
 * A queue in this process's memory. It keeps the bodies themselves, so whoever publishes one no longer changes it.
 * Depth (waiting and unacked) never exceeds `capacity`, a whole number of at least 1 (else a `RangeError`); a publish is
 * taken whole or not at all, in order. Given back, messages stand in front of all that wait, in the order of the call.
 *
 * Publish, ack and nack take effect at the call, and `stats` looks at the call; only the promises come later.
 * Disposed, it drops everything: waiting receivers are answered `[]`, publish and ping reject `closed`.
 */
export function createMemoryQueue<T>(options: { readonly capacity: number; readonly clock: Clock }): Queue<T> {
  const fault = wholeNumberFault('capacity', options.capacity);
  if (fault !== undefined) throw fault;
  return new MemoryQueue<T>(options.capacity, options.clock);
}

/** `memory:?capacity=100000`, from 1 to 10,000,000. */
export const openMemoryQueue: OpenQueue = async <T>(
  url: URL,
  { clock }: QueueOpenContext<T>,
): Promise<OpenedQueue<T | Undecodable>> => {
  const { capacity } = readUrlOptions(url, {
    capacity: { type: 'integer', min: 1, max: 10_000_000, default: 100_000 },
  });
  if (url.host !== '' || url.pathname !== '' || url.hash !== '') {
    throw new CodedError('misconfigured', 'a memory queue has options and nothing else: memory:?capacity=100000');
  }
  const queue = createMemoryQueue<T | Undecodable>({ capacity, clock });
  return { queue, durability: 'none', description: `memory, at most ${capacity} messages` };
};

const done: Promise<void> = Promise.resolve();

/** Invariant: receivers wait only while no message does. */
class MemoryQueue<T> implements Queue<T> {
  readonly #capacity: number;
  readonly #clock: Clock;
  readonly #unsettled = new Unsettled<T>();
  readonly #givenBack = new Ring<UnsettledEntry<T>>();
  readonly #receivers = new WaitingLine<number, readonly Delivery<T>[]>();
  #unacked = 0;
  #closed = false;
  #disposed = false;

  constructor(capacity: number, clock: Clock) {
    this.#capacity = capacity;
    this.#clock = clock;
  }

  publish(messages: readonly Message<T>[]): Promise<void> {
    if (this.#closed) return Promise.reject(closedError());
    if (this.#unsettled.size + messages.length > this.#capacity) {
      return Promise.reject(fullError(messages.length, this.#capacity));
    }
    const nowMs = this.#clock.now();
    for (const message of messages) this.#unsettled.append(message, nowMs);
    this.#serve();
    return done;
  }

  receive(max: number, options?: Abortable): Promise<readonly Delivery<T>[]> {
    const fault = wholeNumberFault('max', max);
    if (fault !== undefined) return Promise.reject(fault);
    const signal = options?.signal;
    if (signal?.aborted === true) return Promise.reject(signal.reason);
    if (this.#waiting > 0) return Promise.resolve(this.#take(max));
    if (this.#isOver) return Promise.resolve([]);
    return this.#receivers.join(max, signal);
  }

  ack(deliveries: readonly Delivery<T>[]): Promise<void> {
    for (const { receipt } of deliveries) {
      if (!this.#holds(receipt)) continue;
      this.#unsettled.remove(receipt);
      this.#unacked--;
    }
    if (this.#isOver) this.#sendReceiversHome();
    return done;
  }

  nack(deliveries: readonly Delivery<T>[]): Promise<void> {
    const renewed: UnsettledEntry<T>[] = [];
    for (const { receipt } of deliveries) {
      if (!this.#holds(receipt)) continue;
      renewed.push(this.#unsettled.renew(receipt));
      this.#unacked--;
    }
    for (let i = renewed.length - 1; i >= 0; i--) this.#givenBack.unshift(renewed[i] as UnsettledEntry<T>);
    this.#serve();
    return done;
  }

  close(): void {
    this.#closed = true;
    if (this.#isOver) this.#sendReceiversHome();
  }

  stats(): Promise<QueueStats> {
    return Promise.resolve({
      depth: this.#unsettled.size,
      capacity: this.#capacity,
      unacked: this.#unacked,
      oldestMs: this.#unsettled.first?.publishedMs ?? null,
    });
  }

  ping(): Promise<void> {
    return this.#disposed ? Promise.reject(closedError()) : done;
  }

  [Symbol.asyncDispose](): Promise<void> {
    this.#disposed = true;
    this.#unsettled.clear();
    this.#givenBack.clear();
    this.#unacked = 0;
    this.close();
    return done;
  }

  get #waiting(): number {
    return this.#unsettled.size - this.#unacked;
  }

  /** Closed, and nothing can come any more. */
  get #isOver(): boolean {
    return this.#closed && this.#unsettled.size === 0;
  }

  #holds(receipt: unknown): receipt is UnsettledEntry<T> {
    return receipt instanceof UnsettledEntry && receipt.heldBy === this;
  }

  #serve(): void {
    while (this.#waiting > 0 && !this.#receivers.isEmpty) {
      this.#receivers.answerFirst(this.#take(this.#receivers.firstAsk));
    }
  }

  #take(max: number): readonly Delivery<T>[] {
    const taken: UnsettledEntry<T>[] = [];
    for (let left = Math.min(max, this.#waiting); left > 0; left--) {
      const entry = (this.#givenBack.shift() ?? this.#unsettled.takeFresh()) as UnsettledEntry<T>;
      entry.heldBy = this;
      taken.push(entry);
    }
    this.#unacked += taken.length;
    return taken;
  }

  #sendReceiversHome(): void {
    while (!this.#receivers.isEmpty) this.#receivers.answerFirst([]);
  }
}

function fullError(count: number, capacity: number): CodedError {
  const why = count > capacity ? `${count} messages are more than the queue can hold` : 'the queue is full';
  return new CodedError('full', `${why} (its capacity is ${capacity})`);
}

function closedError(): CodedError {
  return new CodedError('closed', 'the queue is closed');
}
