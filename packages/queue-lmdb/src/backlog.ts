import { CodedError } from '@product-updates/errors';
import type { Table } from '@product-updates/lmdb';
import type { InPlaceCodec } from '@product-updates/queue';
import { type BlockBuffers, MAX_BLOCK_BYTES } from './block-buffers.ts';
import { BlockReader } from './block-reader.ts';
import type { WrittenBlock } from './block-writer.ts';
import { KeyTexts } from './key-texts.ts';
import { Entry, LiveBlock } from './live-block.ts';
import { decodedMessages } from './decoded-messages.ts';
import { SettledRecord } from './settled-record.ts';

/** Blocks read from the file at a time, at most. */
const READ_BLOCKS = 64;

/** How far messages were handed out for the first time in this life. */
export interface Reached {
  readonly block: number;
  readonly index: number;
}

/**
 * All that is on disk and not settled, in order: first what was given back, then what memory holds of the oldest blocks,
 * then the file.
 *
 * Invariants: the live blocks are linked in the order of their keys; those with messages not handed out stand together
 * at their end, from `#fresh` on; the file is read up to `#lastRead`, and everything after that up to `#lastCommitted` is
 * in the file alone.
 */
export class Backlog<T> {
  readonly #blocks: Table<number>;
  readonly #records: Table<number>;
  readonly #codec: InPlaceCodec<T>;
  /** Later blocks were written in this life: they are read before there is a record of them. */
  readonly #lastRecorded: number;
  readonly #memoryBytes: number;
  readonly #buffers: BlockBuffers;
  readonly #keys = new KeyTexts();
  readonly #doubtful = new Set<number>();
  readonly #givenBack: Entry<T>[] = [];
  #first: LiveBlock<T> | undefined;
  #last: LiveBlock<T> | undefined;
  #fresh: LiveBlock<T> | undefined;
  #lastRead = 0;
  #lastCommitted: number;
  #waitingBytes = 0;
  #depth: number;
  #unacked = 0;
  #reached: Reached = { block: 0, index: -1 };

  constructor(options: {
    readonly blocks: Table<number>;
    readonly records: Table<number>;
    readonly codec: InPlaceCodec<T>;
    /** The last key in the file, from 1; 0 when it has none. */
    readonly lastKey: number;
    readonly depth: number;
    /** As long as less than this waits in memory, the bytes of what was just committed wait there too; the rest waits in the file alone. */
    readonly memoryBytes: number;
    readonly buffers: BlockBuffers;
  }) {
    this.#blocks = options.blocks;
    this.#records = options.records;
    this.#codec = options.codec;
    this.#lastRecorded = options.lastKey;
    this.#lastCommitted = options.lastKey;
    this.#depth = options.depth;
    this.#memoryBytes = options.memoryBytes;
    this.#buffers = options.buffers;
  }

  /** Waiting and unacked. */
  get depth(): number {
    return this.#depth;
  }

  get unacked(): number {
    return this.#unacked;
  }

  get waiting(): number {
    return this.#depth - this.#unacked;
  }

  get reached(): Reached {
    return this.#reached;
  }

  /** A block that a commit has just put into the file, in the order of the keys. Its buffer is the backlog's from here on. */
  add(key: number, { buffer, end, count }: WrittenBlock): void {
    const caughtUp = this.#lastRead === this.#lastCommitted;
    this.#depth += count;
    this.#lastCommitted = key;
    if (!caughtUp || this.#waitingBytes >= this.#memoryBytes) {
      this.#buffers.giveBack(buffer);
      return;
    }
    // What leaves most of its buffer empty waits in a copy.
    const bytes = buffer.subarray(0, end);
    if (end < MAX_BLOCK_BYTES / 2) {
      this.#link(this.#blockIn(key, Buffer.copyBytesFrom(bytes)));
      this.#buffers.giveBack(buffer);
    } else {
      this.#link(this.#blockIn(key, bytes, () => this.#buffers.giveBack(buffer)));
    }
    this.#lastRead = key;
  }

  /** A block that may be in the file, though its publishers were told that it may not: it is not read. */
  doubt(key: number): void {
    this.#doubtful.add(key);
  }

  /** It is not in the file for sure. */
  forget(key: number): void {
    this.#doubtful.delete(key);
  }

  /** At most `max` of what waits, at least one where something does. Throws what reading the file throws. */
  take(max: number): Entry<T>[] {
    const taken: Entry<T>[] = [];
    try {
      while (taken.length < max && this.waiting > 0) taken.push(this.#takeNext());
    } catch (error) {
      if (taken.length === 0) throw error; // else the next call meets it again
    }
    return taken;
  }

  /** In front of everything, in this order, each to be handed out once more. */
  giveBack(entries: readonly Entry<T>[]): void {
    for (let i = entries.length - 1; i >= 0; i--) {
      const entry = entries[i] as Entry<T>;
      this.#givenBack.push(again(entry));
      entry.leave();
    }
    this.#unacked -= entries.length;
  }

  /** They are settled on disk. */
  settle(entries: readonly Entry<T>[]): void {
    for (const entry of entries) {
      const { block } = entry;
      entry.leave();
      block.settling--;
      block.unsettled--;
      if (block.unsettled === 0) this.#unlink(block);
    }
    this.#unacked -= entries.length;
    this.#depth -= entries.length;
  }

  /** When the oldest unsettled message was published; `null` where there is none, or its block is damaged. */
  oldestMs(): number | null {
    if (this.#depth === 0) return null;
    if (this.#first !== undefined) return this.#first.publishedMs;
    for (const [, bytes] of this.#blocks.entries({ after: this.#lastRead, limit: 1 })) {
      return new BlockReader(bytes).publishedMs;
    }
    return null;
  }

  #takeNext(): Entry<T> {
    const entry = this.#givenBack.pop() ?? this.#takeFresh();
    entry.state = 'held';
    this.#unacked++;
    return entry;
  }

  #takeFresh(): Entry<T> {
    if (this.#fresh === undefined) this.#read();
    const block = this.#fresh as LiveBlock<T>;
    const entry = block.takeFresh();
    this.#reached = { block: block.key, index: entry.index };
    if (!block.hasFresh) {
      this.#waitingBytes -= block.bytes;
      this.#fresh = block.after;
    }
    return entry;
  }

  /** What comes next in the file, until something to hand out is among it. */
  #read(): void {
    while (this.#fresh === undefined) {
      const before = this.#lastRead;
      for (const [key, bytes] of this.#blocks.entries({ after: before, limit: READ_BLOCKS })) {
        if (key > this.#lastCommitted || this.#waitingBytes >= this.#memoryBytes) break;
        this.#lastRead = key;
        if (!this.#doubtful.has(key)) this.#link(this.#blockIn(key, bytes));
      }
      if (this.#lastRead === before) throw goneError();
    }
  }

  #blockIn(key: number, bytes: Uint8Array, release?: () => void): LiveBlock<T> {
    const reader = new BlockReader(bytes, this.#keys);
    const { count, publishedMs } = reader;
    const written = key <= this.#lastRecorded ? this.#records.get(key) : undefined;
    const record = written === undefined ? undefined : SettledRecord.read(written, count);
    const source = decodedMessages(reader, this.#codec, release);
    return new LiveBlock({ owner: this, key, count, publishedMs, source, bytes: bytes.length, record });
  }

  #link(block: LiveBlock<T>): void {
    if (!block.hasFresh) return;
    const last = this.#last;
    block.before = last;
    if (last === undefined) this.#first = block;
    else last.after = block;
    this.#last = block;
    this.#fresh ??= block;
    this.#waitingBytes += block.bytes;
  }

  /** It keeps no neighbour, so that one that is kept by somebody keeps nothing else alive. */
  #unlink(block: LiveBlock<T>): void {
    const { before, after } = block;
    if (before === undefined) this.#first = after;
    else before.after = after;
    if (after === undefined) this.#last = before;
    else after.before = before;
    block.before = block.after = undefined;
  }
}

/** To be handed out once more. */
function again<T>({ key, body, headers, attempt, block, index }: Entry<T>): Entry<T> {
  return new Entry(key, body, headers, attempt + 1, block, index);
}

function goneError(): CodedError {
  return new CodedError('misconfigured', "the queue's file is damaged: blocks that were in it are gone");
}
