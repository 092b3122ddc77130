import { codeOf } from '@product-updates/errors';
import type { Environment, Table } from '@product-updates/lmdb';
import type { InPlaceCodec, Message, Undecodable } from '@product-updates/queue';
import type { Backlog } from './backlog.ts';
import type { BlockBuffers } from './block-buffers.ts';
import { BlockWriter, seal } from './block-writer.ts';

/** A group with so many blocks takes no more: what comes then has a commit of its own, and its publishers are answered earlier than by one large one. */
const GROUP_BLOCKS = 8;

/** What was published since the last one was sealed: accepted together, refused together. */
interface Group {
  readonly writer: BlockWriter;
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
  readonly #backlog: Pick<Backlog<unknown>, 'add' | 'doubt' | 'forget'>;
  readonly #codec: InPlaceCodec<T>;
  readonly #onCommitted: () => void;
  /** Blocks of publishes that were answered `unavailable`: they may be there until the next commit removes them. */
  readonly #doubtful: number[] = [];
  readonly #buffers: BlockBuffers;
  readonly #commits = new Set<Promise<void>>();
  #gathering: Group | undefined;
  #nextKey: number;
  #underWay = 0;

  constructor(options: {
    readonly environment: Environment;
    readonly blocks: Table<number>;
    readonly backlog: Pick<Backlog<unknown>, 'add' | 'doubt' | 'forget'>;
    readonly codec: InPlaceCodec<T>;
    readonly lastKey: number;
    readonly buffers: BlockBuffers;
    /** Called after what was published stands in the backlog, or was refused. */
    readonly onCommitted: () => void;
  }) {
    this.#environment = options.environment;
    this.#blocks = options.blocks;
    this.#backlog = options.backlog;
    this.#buffers = options.buffers;
    this.#codec = options.codec;
    this.#onCommitted = options.onCommitted;
    this.#nextKey = options.lastKey + 1;
  }

  /** Messages that are neither on disk nor refused yet. */
  get underWay(): number {
    return this.#underWay;
  }

  /**
   * All of them or none. Throws `invalid` for one that is larger than a block can carry, and what the codec throws; rejects as
   * `Environment.write`.
   */
  publish(messages: readonly Message<T | Undecodable>[], nowMs: number): Promise<void> {
    const group = this.#open();
    const mark = group.writer.mark;
    try {
      for (const message of messages) group.writer.append(message, this.#codec, nowMs);
    } catch (error) {
      group.writer.rewind(mark);
      throw error;
    }
    group.count += messages.length;
    this.#underWay += messages.length;
    return group.committed;
  }

  /** Resolves when what is under way now is on disk or refused. */
  async settled(): Promise<void> {
    await Promise.allSettled(this.#commits);
  }

  #open(): Group {
    const group = this.#gathering;
    if (group !== undefined && group.writer.blocks.length < GROUP_BLOCKS) return group;
    return (this.#gathering = this.#begin());
  }

  #begin(): Group {
    const group: Group = {
      writer: new BlockWriter(this.#buffers),
      count: 0,
      firstKey: -1,
      committed: Promise.resolve(),
    };
    group.committed = this.#commit(group);
    this.#commits.add(group.committed);
    group.committed.catch(() => {}); // nobody waits for a group of which everything was refused
    return group;
  }

  async #commit(group: Group): Promise<void> {
    try {
      await this.#environment.write(() => this.#seal(group));
      this.#add(group);
    } catch (error) {
      if (codeOf(error) !== 'full') this.#doubt(group);
      for (const { buffer } of group.writer.blocks) this.#buffers.giveBack(buffer);
      throw error;
    } finally {
      this.#commits.delete(group.committed);
      this.#underWay -= group.count;
      this.#onCommitted();
    }
  }

  #seal(group: Group): void {
    if (this.#gathering === group) this.#gathering = undefined;
    for (const key of this.#doubtful) this.#blocks.remove(key);
    group.firstKey = this.#nextKey;
    for (const block of group.writer.blocks) this.#blocks.put(this.#nextKey++, seal(block));
  }

  #add({ firstKey, writer }: Group): void {
    while (this.#doubtful.length > 0) this.#backlog.forget(this.#doubtful.pop() as number);
    for (const [i, block] of writer.blocks.entries()) this.#backlog.add(firstKey + i, block);
  }

  #doubt({ firstKey, writer }: Group): void {
    for (let i = 0; i < writer.blocks.length; i++) {
      this.#doubtful.push(firstKey + i);
      this.#backlog.doubt(firstKey + i);
    }
  }
}
