import { CodedError } from '@product-updates/errors';

import type { Abortable } from './abort.ts';
import { Ring } from './ring.ts';
import { WaitingLine } from './waiting-line.ts';
import { wholeNumberFault } from './whole-number.ts';

/**
 * A bounded, closable buffer between any number of senders and receivers of one process: Go's buffered channel. Values
 * come out in the order they went in; those who wait are served in the order they came.
 *
 * A signal that fires ends the wait with its reason and changes nothing else: an aborted send did not send, an aborted
 * receive took nothing. A wait that was already served stays served.
 */
export interface Channel<T> extends AsyncIterable<T> {
  /** Waits for room. Rejects `closed` when the channel is, or gets, closed before there was any. */
  send(value: T, options?: Abortable): Promise<void>;
  /** Never waits: `false` means full. Throws `closed`. */
  trySend(value: T): boolean;
  /** Waits for a value; `done` means closed and empty. */
  receive(options?: Abortable): Promise<IteratorResult<T, undefined>>;
  /** Waits for one value and takes what else is there, up to `max`; `[]` means closed and empty. */
  receiveMany(max: number, options?: Abortable): Promise<readonly T[]>;
  /** No more in; what is inside still comes out. Sends that wait are refused. Closing twice is harmless. */
  close(): void;
  readonly capacity: number;
  /** Values inside, without those of senders that wait. */
  readonly size: number;
}

/** Memory is taken as it is needed, up to `capacity`, a whole number of at least 1 (else a `RangeError`). */
export function createChannel<T>(capacity: number): Channel<T> {
  const fault = wholeNumberFault('capacity', capacity);
  if (fault !== undefined) throw fault;
  return new RingChannel<T>(capacity);
}

type Received<T> = IteratorResult<T, undefined>;

const done: Promise<void> = Promise.resolve();

/** Invariants: receivers wait only while nothing is inside; senders wait only while it is full. */
class RingChannel<T> implements Channel<T> {
  readonly capacity: number;
  readonly #ring = new Ring<T>();
  readonly #senders = new WaitingLine<T, void>();
  readonly #receivers = new WaitingLine<'one' | 'many', Received<T> | readonly T[]>();
  #closed = false;

  constructor(capacity: number) {
    this.capacity = capacity;
  }

  get size(): number {
    return this.#ring.size;
  }

  send(value: T, options?: Abortable): Promise<void> {
    const signal = options?.signal;
    if (signal?.aborted === true) return Promise.reject(signal.reason);
    if (this.#closed) return Promise.reject(closedError());
    return this.trySend(value) ? done : this.#senders.join(value, signal);
  }

  trySend(value: T): boolean {
    if (this.#closed) throw closedError();
    if (this.#ring.size === this.capacity) return false;
    if (this.#receivers.isEmpty) this.#ring.push(value);
    else this.#receivers.answerFirst(this.#receivers.firstAsk === 'one' ? { done: false, value } : [value]);
    return true;
  }

  receive(options?: Abortable): Promise<Received<T>> {
    const signal = options?.signal;
    if (signal?.aborted === true) return Promise.reject(signal.reason);
    if (this.#ring.size > 0) {
      const value = this.#ring.shift() as T;
      this.#letSendersIn();
      return Promise.resolve({ done: false, value });
    }
    if (this.#closed) return Promise.resolve({ done: true, value: undefined });
    return this.#receivers.join('one', signal) as Promise<Received<T>>;
  }

  receiveMany(max: number, options?: Abortable): Promise<readonly T[]> {
    const fault = wholeNumberFault('max', max);
    if (fault !== undefined) return Promise.reject(fault);
    const signal = options?.signal;
    if (signal?.aborted === true) return Promise.reject(signal.reason);
    if (this.#ring.size > 0) {
      const values = this.#ring.take(max);
      this.#letSendersIn();
      return Promise.resolve(values);
    }
    if (this.#closed) return Promise.resolve([]);
    return this.#receivers.join('many', signal) as Promise<readonly T[]>;
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    while (!this.#senders.isEmpty) this.#senders.refuseFirst(closedError());
    while (!this.#receivers.isEmpty) {
      this.#receivers.answerFirst(this.#receivers.firstAsk === 'one' ? { done: true, value: undefined } : []);
    }
  }

  /** Each iteration takes values from the same channel; leaving the loop leaves the channel open. */
  [Symbol.asyncIterator](): AsyncIterator<T, undefined> {
    return {
      next: () => this.receive(),
      return: () => Promise.resolve({ done: true, value: undefined }),
    };
  }

  #letSendersIn(): void {
    while (!this.#senders.isEmpty && this.#ring.size < this.capacity) {
      this.#ring.push(this.#senders.firstAsk);
      this.#senders.answerFirst();
    }
  }
}

function closedError(): CodedError {
  return new CodedError('closed', 'the channel is closed');
}
