import type { Delivery, Headers, Message } from './queue.ts';

/** A message from publish to ack; itself what is handed out, so that a delivery costs no second object. */
export class UnsettledEntry<T> implements Delivery<T> {
  readonly key: string;
  readonly body: T;
  readonly headers: Headers;
  readonly attempt: number;
  readonly receipt: unknown = this;
  readonly publishedMs: number;
  /** The queue whose consumer has it; `undefined` while it waits and again when it is settled. */
  heldBy: object | undefined;
  before: UnsettledEntry<T> | undefined;
  after: UnsettledEntry<T> | undefined;

  constructor(message: Message<T>, attempt: number, publishedMs: number) {
    this.key = message.key;
    this.body = message.body;
    this.headers = message.headers;
    this.attempt = attempt;
    this.publishedMs = publishedMs;
    this.heldBy = undefined;
    this.before = undefined;
    this.after = undefined;
  }
}

/**
 * All unsettled messages in the order they were published, linked both ways, so that the oldest one is known exactly
 * and settling any of them costs the same.
 *
 * Invariants: those that were never handed out stand together at the end, from `#fresh` on; an entry that left holds
 * no neighbour, so that one kept by somebody keeps nothing else alive.
 */
export class Unsettled<T> {
  #first: UnsettledEntry<T> | undefined;
  #last: UnsettledEntry<T> | undefined;
  #fresh: UnsettledEntry<T> | undefined;
  #size = 0;

  get size(): number {
    return this.#size;
  }

  get first(): UnsettledEntry<T> | undefined {
    return this.#first;
  }

  append(message: Message<T>, publishedMs: number): void {
    const entry = new UnsettledEntry(message, 1, publishedMs);
    const last = this.#last;
    if (last === undefined) this.#first = entry;
    else last.after = entry;
    entry.before = last;
    this.#last = entry;
    this.#fresh ??= entry;
    this.#size++;
  }

  /** The oldest that was never handed out. */
  takeFresh(): UnsettledEntry<T> | undefined {
    const entry = this.#fresh;
    this.#fresh = entry?.after;
    return entry;
  }

  remove(entry: UnsettledEntry<T>): void {
    this.#join(entry.before, entry.after);
    detach(entry);
    this.#size--;
  }

  /** A new entry, to be handed out once more, in the old one's place. */
  renew(entry: UnsettledEntry<T>): UnsettledEntry<T> {
    const renewed = new UnsettledEntry(entry, entry.attempt + 1, entry.publishedMs);
    this.#join(entry.before, renewed);
    this.#join(renewed, entry.after);
    detach(entry);
    return renewed;
  }

  clear(): void {
    for (let entry = this.#first; entry !== undefined;) {
      const next = entry.after;
      detach(entry);
      entry = next;
    }
    this.#first = undefined;
    this.#last = undefined;
    this.#fresh = undefined;
    this.#size = 0;
  }

  #join(before: UnsettledEntry<T> | undefined, after: UnsettledEntry<T> | undefined): void {
    if (before === undefined) this.#first = after;
    else before.after = after;
    if (after === undefined) this.#last = before;
    else after.before = before;
  }
}

function detach(entry: UnsettledEntry<unknown>): void {
  entry.heldBy = undefined;
  entry.before = undefined;
  entry.after = undefined;
}
