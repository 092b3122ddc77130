import { setImmediate } from 'node:timers/promises';
import { codeOf } from '@product-updates/errors';
import type { Environment, Table } from '@product-updates/lmdb';
import type { Message } from '@product-updates/queue';
import type { Backlog } from './backlog.ts';
import { BlockWriter } from './block-writer.ts';

/** A message as it goes into a block. */
export interface Prepared {
  readonly keyBytes: number;
  readonly headers: Uint8Array;
  readonly body: Uint8Array;
}

/** What was published since the last one was sealed: accepted together, refused together. */
interface Group<T> {
  readonly writer: BlockWriter;
  /** By block. */
  readonly messages: Message<T>[][];
  count: number;
  /** Of its first block, once it is sealed. */
  firstKey: number;
  committed: Promise<void>;
}

/**
 * Puts what is published into blocks. What is published in one turn, or while a commit is under way, goes into the same
 * blocks and shares one promise.
 */
export class Publishes<T> {
  readonly #environment: Environment;
  readonly #blocks: Table<number>;
  readonly #backlog: Backlog<T>;
  readonly #onCommitted: () => void;
  /** Blocks of publishes that were answered `unavailable`: they may be there until the next commit removes them. */
  readonly #doubtful: number[] = [];
  readonly #writers: BlockWriter[] = [];
  readonly #commits = new Set<Promise<void>>();
  #gathering: Group<T> | undefined;
  #nextKey: number;
  #underWay = 0;

  constructor(options: {
    readonly environment: Environment;
    readonly blocks: Table<number>;
    readonly backlog: Backlog<T>;
    readonly lastKey: number;
    /** Called after what was published stands in the backlog, or was refused. */
    readonly onCommitted: () => void;
  }) {
    this.#environment = options.environment;
    this.#blocks = options.blocks;
    this.#backlog = options.backlog;
    this.#onCommitted = options.onCommitted;
    this.#nextKey = options.lastKey + 1;
  }

  /** Messages that are neither on disk nor refused yet. */
  get underWay(): number {
    return this.#underWay;
  }

  /** Rejects as `Environment.write`. `prepared` stands in the order of `messages`. */
  publish(messages: readonly Message<T>[], prepared: readonly Prepared[], nowMs: number): Promise<void> {
    const group = (this.#gathering ??= this.#begin());
    for (let i = 0; i < messages.length; i++) {
      const message = messages[i] as Message<T>;
      const { keyBytes, headers, body } = prepared[i] as Prepared;
      const block = group.writer.append(message.key, keyBytes, headers, body, nowMs);
      if (block.count === 1) group.messages.push([message]);
      else (group.messages.at(-1) as Message<T>[]).push(message);
    }
    group.count += messages.length;
    this.#underWay += messages.length;
    return group.committed;
  }

  /** Resolves when what is under way now is on disk or refused. */
  async settled(): Promise<void> {
    await Promise.allSettled(this.#commits);
  }

  #begin(): Group<T> {
    const writer = this.#writers.pop() ?? new BlockWriter();
    const group: Group<T> = { writer, messages: [], count: 0, firstKey: -1, committed: Promise.resolve() };
    group.committed = this.#commit(group);
    this.#commits.add(group.committed);
    return group;
  }

  async #commit(group: Group<T>): Promise<void> {
    // The rest of the turn joins it: many small requests come in one turn, each with a callback of its own.
    await setImmediate();
    try {
      await this.#environment.write(() => this.#seal(group));
      this.#add(group);
    } catch (error) {
      if (codeOf(error) !== 'full') this.#doubt(group);
      throw error;
    } finally {
      this.#commits.delete(group.committed);
      this.#underWay -= group.count;
      group.writer.clear();
      this.#writers.push(group.writer);
      this.#onCommitted();
    }
  }

  #seal(group: Group<T>): void {
    this.#gathering = undefined;
    for (const key of this.#doubtful) this.#blocks.remove(key);
    group.firstKey = this.#nextKey;
    for (const block of group.writer.blocks) this.#blocks.put(this.#nextKey++, group.writer.seal(block));
  }

  #add({ firstKey, writer, messages }: Group<T>): void {
    while (this.#doubtful.length > 0) this.#backlog.forget(this.#doubtful.pop() as number);
    for (const [i, { start, end, count, publishedMs }] of writer.blocks.entries()) {
      this.#backlog.add({
        key: firstKey + i,
        count,
        bytes: end - start,
        publishedMs,
        messages: messages[i] as Message<T>[],
      });
    }
  }

  #doubt({ firstKey, writer }: Group<T>): void {
    for (let i = 0; i < writer.blocks.length; i++) {
      this.#doubtful.push(firstKey + i);
      this.#backlog.doubt(firstKey + i);
    }
  }
}
