import { setImmediate } from 'node:timers/promises';
import { CodedError, codeOf } from '@product-updates/errors';
import type { Database, Handle } from './database.ts';
import { translate } from './errors.ts';

/** A commit that has grown to this much takes no more: what comes waits for the next. */
const GROUP_BYTES = 2 ** 19;
/** Below a page's size values share pages, about half of which are filled. */
const PAGE_BYTES = 4096;
/** What a growing write of any size is assumed to need besides its own bytes: copies of the pages on the way to it. */
const SPARE_BYTES = 16 * PAGE_BYTES;
/** What a commit may need of the file besides the pages of its entries: those of LMDB's own lists. */
const LISTS_BYTES = 64 * PAGE_BYTES;
/** What growing writes leave to those that make room. */
const LEFT_BYTES = 2 ** 20;
/** A ping needs more, so that it never succeeds where a small write would not. */
const PING_SPARE_BYTES = 2 * SPARE_BYTES;

interface Write {
  readonly change: () => void;
  readonly frees: boolean;
  /** How much room must be left beyond its own size. */
  readonly spareBytes: number;
  readonly resolve: () => void;
  readonly reject: (reason: unknown) => void;
}

interface Operation {
  readonly handle: Handle;
  readonly key: Uint8Array;
  readonly value: Uint8Array | undefined;
}

/**
 * Group commit: one commit at a time. What is written in one turn of the event loop makes one, and what comes during it makes
 * the next: also what those write at once who have waited for it.
 */
export class Commits {
  readonly #folder: string;
  readonly #database: () => Database;
  #maxBytes = 0;
  #waiting: Write[] = [];
  /** Those of the commit under way. */
  #group: Write[] = [];
  #groupBytes = 0;
  /** Of the file, at most: every entry may need copies of the pages on the way to it. */
  #groupPageBytes = 0;
  #recording: Operation[] | undefined;
  /** The last commit failed: those that make room go first and alone. */
  #failed = false;
  /** How much may still be written before what is in use is looked at again. */
  #credit = 0;
  #running: Promise<void> | undefined;

  constructor(folder: string, database: () => Database) {
    this.#folder = folder;
    this.#database = database;
  }

  /** From now on at least this much may be in use. */
  allow(maxBytes: number): void {
    this.#maxBytes = Math.max(this.#maxBytes, maxBytes);
  }

  /** As `Environment.write`. */
  write(change: () => void, frees: boolean): Promise<void> {
    return this.#written(change, frees, SPARE_BYTES);
  }

  /** As `write`, of something small that rejects `full` a little earlier than other writes. */
  ping(change: () => void): Promise<void> {
    return this.#written(change, false, PING_SPARE_BYTES);
  }

  /** Only while a change runs: part of it. Without a value it is removed. */
  record(operation: Operation): void {
    if (this.#recording === undefined) throw new Error('a table is changed only within a write');
    this.#recording.push(operation);
  }

  /** Resolves when nothing is under way and nothing waits. */
  async idle(): Promise<void> {
    while (this.#running !== undefined) await this.#running;
  }

  #written(change: () => void, frees: boolean, spareBytes: number): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ change, frees, spareBytes, resolve, reject });
      this.#running ??= this.#commitAll();
    });
  }

  async #commitAll(): Promise<void> {
    // The rest of the turn shares the first commit: many requests come in one, each with a callback of its own.
    await setImmediate();
    while (this.#waiting.length > 0) {
      await this.#commit();
      await afterMicrotasks();
    }
    this.#running = undefined;
  }

  async #commit(): Promise<void> {
    try {
      if (!this.#database().isOpen) await this.#database().recover();
    } catch (error) {
      for (const { reject } of this.#waiting.splice(0)) reject(error);
      return;
    }
    try {
      // Where nothing came to be written, a turn: who writes again at once must not keep the event loop from going round.
      await (this.#handWaiting() ?? setImmediate());
    } catch (error) {
      await this.#recover(error);
      return;
    }
    this.#failed = false;
    for (const { resolve } of this.#over()) resolve();
  }

  /** Gives to LMDB, within this turn, what has room in one commit; answers the promise of the last of it, or nothing. */
  #handWaiting(): Promise<boolean> | undefined {
    const waiting = this.#waiting;
    const apart = this.#failed && waiting.some(({ frees }) => frees);
    this.#waiting = [];
    let committed: Promise<boolean> | undefined;
    for (const write of waiting) {
      if (this.#groupBytes >= GROUP_BYTES || (apart && !write.frees)) this.#waiting.push(write);
      else committed = this.#hand(write) ?? committed;
    }
    return committed;
  }

  #hand(write: Write): Promise<boolean> | undefined {
    let operations: readonly Operation[];
    try {
      operations = this.#recorded(write);
      if (operations.length > 0) this.#takeRoom(operations, write);
    } catch (error) {
      write.reject(error);
      return undefined;
    }
    this.#group.push(write);
    let committed: Promise<boolean> | undefined;
    for (const { handle, key, value } of operations) {
      committed = value === undefined ? handle.lmdb.remove(key) : handle.lmdb.put(key, value);
    }
    return committed;
  }

  #recorded({ change }: Write): readonly Operation[] {
    const operations: Operation[] = [];
    this.#recording = operations;
    try {
      change();
    } finally {
      this.#recording = undefined;
    }
    return operations;
  }

  /** Throws `full`. Looking at what is in use is expensive, so it is done when a part of the known room was written. */
  #takeRoom(operations: readonly Operation[], { frees, spareBytes }: Write): void {
    const bytes = sizeOf(operations);
    const needed = bytes + spareBytes;
    if (!frees && this.#credit < needed) {
      const room = this.#maxBytes - this.#database().usedBytes() - this.#groupBytes;
      if (room < needed) {
        throw new CodedError('full', `${this.#folder}: ${this.#maxBytes} bytes are in use, its bound`);
      }
      this.#credit = Math.max(room / 4, needed);
    }
    const pageBytes = LISTS_BYTES + this.#groupPageBytes + bytes + 2 * PAGE_BYTES * operations.length;
    this.#database().takeRoom(frees ? pageBytes : pageBytes + LEFT_BYTES);
    this.#groupPageBytes = pageBytes - LISTS_BYTES;
    this.#credit -= bytes;
    this.#groupBytes += bytes;
  }

  async #recover(error: unknown): Promise<void> {
    const reason = await this.#reasonOf(error);
    try {
      await this.#database().recover();
    } catch {
      // It stays closed: whoever writes next is told, and it is tried again then.
    }
    this.#failed = true;
    this.#credit = 0;
    for (const { reject } of this.#over()) reject(reason);
  }

  async #reasonOf(error: unknown): Promise<CodedError> {
    const cause = await (error as { commitError?: Promise<unknown> }).commitError?.catch((native: unknown) => native);
    const translated = translate(cause ?? error, this.#folder);
    if (codeOf(translated) === 'full' || codeOf(translated) === 'unavailable') return translated as CodedError;
    return new CodedError('unavailable', `${this.#folder}: a commit failed`, { cause: cause ?? error });
  }

  #over(): readonly Write[] {
    const group = this.#group;
    this.#database().spendRoom(LISTS_BYTES + this.#groupPageBytes);
    this.#group = [];
    this.#groupBytes = 0;
    this.#groupPageBytes = 0;
    return group;
  }
}

/**
 * Resolves when those who were told that theirs is on disk have done what they do at once: what they write then belongs to the
 * next commit. Else acks and what is applied would take turns, each with commits of its own.
 */
function afterMicrotasks(): Promise<void> {
  return new Promise((resolve) => {
    process.nextTick(resolve);
  });
}

function sizeOf(operations: readonly Operation[]): number {
  let bytes = 0;
  for (const { key, value } of operations) {
    const size = key.length + (value?.length ?? 0);
    bytes += size < PAGE_BYTES / 2 ? 2 * size + 16 : Math.ceil((size + 64) / PAGE_BYTES) * PAGE_BYTES;
  }
  return bytes;
}
