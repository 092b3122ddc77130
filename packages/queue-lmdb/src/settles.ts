import { CodedError, codeOf } from '@product-updates/errors';
import type { Environment, Table } from '@product-updates/lmdb';
import type { Backlog } from './backlog.ts';
import type { Entry, LiveBlock } from './live-block.ts';
import { SettledRecord } from './settled-record.ts';

/** What was acked since the last one was sealed. */
interface Group<T> {
  readonly entries: Entry<T>[];
  readonly blocks: Set<LiveBlock<T>>;
  committed: Promise<void>;
}

/**
 * Brings acks to the disk: one record for each block that they touch, or the block removed when that was the rest of it.
 * What is acked in one turn, or while a commit is under way, shares the next one.
 */
export class Settles<T> {
  readonly #environment: Environment;
  readonly #blocks: Table<number>;
  readonly #records: Table<number>;
  readonly #backlog: Backlog<T>;
  readonly #onCommitted: () => void;
  readonly #commits = new Set<Promise<void>>();
  #gathering: Group<T> | undefined;

  constructor(options: {
    readonly environment: Environment;
    readonly blocks: Table<number>;
    readonly records: Table<number>;
    readonly backlog: Backlog<T>;
    /** Called when these are settled, or held again. */
    readonly onCommitted: () => void;
  }) {
    this.#environment = options.environment;
    this.#blocks = options.blocks;
    this.#records = options.records;
    this.#backlog = options.backlog;
    this.#onCommitted = options.onCommitted;
  }

  /** Of entries that were held and are `settling` now. Rejects `unavailable` or `closed`: they are held as before. */
  settle(entries: readonly Entry<T>[]): Promise<void> {
    const group = (this.#gathering ??= this.#begin());
    let last: LiveBlock<T> | undefined;
    for (const entry of entries) {
      const { block } = entry;
      block.settling++;
      block.record ??= new SettledRecord(block.count);
      block.record.settle(entry.index);
      if (block !== last) group.blocks.add(block);
      last = block;
      group.entries.push(entry);
    }
    return group.committed;
  }

  /** Resolves when all that is under way now is on disk, rejects when one of them is not. */
  async all(): Promise<void> {
    await Promise.all(this.#commits);
  }

  /** Resolves when what is under way now is on disk or refused. */
  async settled(): Promise<void> {
    await Promise.allSettled(this.#commits);
  }

  #begin(): Group<T> {
    const group: Group<T> = { entries: [], blocks: new Set(), committed: Promise.resolve() };
    group.committed = this.#commit(group);
    this.#commits.add(group.committed);
    return group;
  }

  async #commit(group: Group<T>): Promise<void> {
    try {
      await this.#environment.write(() => this.#seal(group), { frees: true });
      this.#backlog.settle(group.entries);
    } catch (error) {
      for (const entry of group.entries) holdAgain(entry);
      throw codeOf(error) === 'full' ? new CodedError('unavailable', 'no room to ack', { cause: error }) : error;
    } finally {
      this.#commits.delete(group.committed);
      this.#onCommitted();
    }
  }

  #seal({ blocks }: Group<T>): void {
    this.#gathering = undefined;
    for (const block of blocks) {
      const { key, record, recorded } = block;
      if (block.settling === block.unsettled) {
        this.#blocks.remove(key);
        if (recorded) this.#records.remove(key);
      } else {
        this.#records.put(key, (record as SettledRecord).bytes());
        block.recorded = true;
      }
    }
  }
}

function holdAgain(entry: Entry<unknown>): void {
  const { block } = entry;
  block.settling--;
  block.record?.unsettle(entry.index);
  entry.state = 'held';
}
