import type { Delivery, Headers, Undecodable } from '@product-updates/queue';
import type { SettledRecord } from './settled-record.ts';

/** Where the messages of a block come from, in order. */
export interface MessageSource<T> {
  next(attempt: number, block: LiveBlock<T>, index: number): Entry<T>;
  skip(): void;
  /** After the last: what it was read from is not looked at any more. */
  release(): void;
}

/** A block of which messages are handed out or about to be. */
export class LiveBlock<T> {
  /** Whose it is: a delivery is settled by the queue that handed it out, and by no other. */
  readonly owner: object;
  /** Of the block in the file. */
  readonly key: number;
  readonly publishedMs: number | null;
  /** Its size in the file. */
  readonly bytes: number;
  /** How many messages are not settled on disk. */
  unsettled: number;
  /** What the file knows, or is to know at the next commit; `undefined` while that is nothing. */
  record: SettledRecord | undefined;
  /** Whether the record is in the file, as far as is known. */
  recorded: boolean;
  /** How many messages an ack is under way for. */
  settling = 0;
  before: LiveBlock<T> | undefined = undefined;
  after: LiveBlock<T> | undefined = undefined;
  readonly #count: number;
  #source: MessageSource<T> | undefined;
  #next = 0;

  constructor(options: {
    readonly owner: object;
    readonly key: number;
    readonly count: number;
    readonly publishedMs: number | null;
    readonly source: MessageSource<T>;
    readonly bytes: number;
    readonly record: SettledRecord | undefined;
  }) {
    const { owner, key, count, publishedMs, source, bytes, record } = options;
    this.owner = owner;
    this.key = key;
    this.publishedMs = publishedMs;
    this.bytes = bytes;
    this.record = record;
    this.recorded = record !== undefined;
    this.unsettled = count - (record?.settled ?? 0);
    this.#count = count;
    this.#source = source;
    this.#skipSettled();
  }

  get count(): number {
    return this.#count;
  }

  /** Whether there are messages in it that were not handed out in this life. */
  get hasFresh(): boolean {
    return this.#next < this.#count;
  }

  /** The next of those, only while there is one. With the last one goes all that the block kept of its messages. */
  takeFresh(): Entry<T> {
    const index = this.#next;
    const attempt = 1 + (this.record?.crashes(index) ?? 0);
    const entry = (this.#source as MessageSource<T>).next(attempt, this, index);
    this.#next++;
    this.#skipSettled();
    return entry;
  }

  #skipSettled(): void {
    const { record } = this;
    if (record !== undefined) {
      for (; this.#next < this.#count && record.isSettled(this.#next); this.#next++) this.#source?.skip();
    }
    if (this.#next < this.#count) return;
    this.#source?.release();
    this.#source = undefined;
  }
}

/** `waiting`: given back. `settling`: an ack is on its way to the disk. `left`: settled, or given back under a new entry. */
export type EntryState = 'waiting' | 'held' | 'settling' | 'left';

/** A message in somebody's hands; itself what is handed out, so that a delivery costs no second object. */
export class Entry<T> implements Delivery<T | Undecodable> {
  readonly key: string;
  readonly body: T | Undecodable;
  readonly headers: Headers;
  readonly attempt: number;
  readonly receipt: unknown = this;
  readonly index: number;
  state: EntryState = 'waiting';
  #block: LiveBlock<T> | undefined;

  constructor(
    key: string,
    body: T | Undecodable,
    headers: Headers,
    attempt: number,
    block: LiveBlock<T>,
    index: number,
  ) {
    this.key = key;
    this.body = body;
    this.headers = headers;
    this.attempt = attempt;
    this.index = index;
    this.#block = block;
  }

  /** Only until it leaves. */
  get block(): LiveBlock<T> {
    return this.#block as LiveBlock<T>;
  }

  isOf(owner: object): boolean {
    return this.#block?.owner === owner;
  }

  /** From here on it keeps nothing else alive, however long somebody keeps it. */
  leave(): void {
    this.state = 'left';
    this.#block = undefined;
  }
}
