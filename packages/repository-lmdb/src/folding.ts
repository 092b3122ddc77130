import type { ProductRecord } from '@product-updates/domain';
import type { Table } from '@product-updates/lmdb';
import type { Blocks, Journal } from './journal.ts';
import { encodeRecords } from './record.ts';

/** For each record that is written so many are folded: a generation is through before the next one has grown as large. */
const STEPS_PER_RECORD = 1.25;

/** How much is folded with one write. */
export interface Steps {
  /** Fewer wait for more: neighbours in the table share pages only within a commit. */
  readonly fewest: number;
  /** More would hold up readers. */
  readonly most: number;
}

/**
 * Brings a generation of records into the table and then drops its blocks, a part with every commit: first the records in the
 * order of `ids`, then the blocks, each of which is one step.
 */
export class Folding {
  readonly #table: Table<string>;
  readonly #journal: Journal;
  readonly #ids: readonly string[];
  readonly #blocks: Blocks;
  readonly #steps: Steps;
  #done = 0;
  #due = 0;

  constructor(options: {
    readonly table: Table<string>;
    readonly journal: Journal;
    /** Sorted, or in a few sorted runs. */
    readonly ids: readonly string[];
    readonly blocks: Blocks;
    readonly steps: Steps;
  }) {
    this.#table = options.table;
    this.#journal = options.journal;
    this.#ids = options.ids;
    this.#blocks = options.blocks;
    this.#steps = options.steps;
  }

  get isOver(): boolean {
    return this.#done === this.#all;
  }

  /**
   * Only within a write, in which so many records are written. `recordOf` answers undefined for what is left to a later generation,
   * since it has changed. Answers how many steps it took, for `committed`.
   */
  put(written: number, recordOf: (product_id: string) => ProductRecord | undefined): number {
    const due = this.#due + written * STEPS_PER_RECORD;
    const left = this.#all - this.#done;
    if (due < Math.min(this.#steps.fewest, left)) return 0;
    const to = this.#done + Math.min(Math.floor(due), left, this.#steps.most);
    const records: ProductRecord[] = [];
    for (let step = this.#done; step < to && step < this.#ids.length; step++) {
      const record = recordOf(this.#ids[step] as string);
      if (record !== undefined) records.push(record);
    }
    encodeRecords(records, (product_id, bytes) => this.#table.put(product_id, bytes));
    for (let step = Math.max(this.#done, this.#ids.length); step < to; step++) {
      this.#journal.remove(this.#blocks.first + step - this.#ids.length);
    }
    return to - this.#done;
  }

  /** The write of so many records is on disk, and so are the steps that went with it. */
  committed(written: number, steps: number): void {
    this.#done += steps;
    this.#due += written * STEPS_PER_RECORD - steps;
  }

  get #all(): number {
    return this.#ids.length + this.#blocks.end - this.#blocks.first;
  }
}
