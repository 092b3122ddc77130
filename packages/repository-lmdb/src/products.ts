import type { ProductRecord } from '@product-updates/domain';
import type { Table } from '@product-updates/lmdb';
import { Folding, type Steps } from './folding.ts';
import { Journal, type Blocks } from './journal.ts';
import { decodeRecord } from './record.ts';
import { SortedRuns } from './sorted-runs.ts';

export interface ProductsOptions {
  /** By product id. */
  readonly table: Table<string>;
  readonly journal: Table<number>;
  /** So many products in a generation, about: about 15 MB for each 50,000. */
  readonly generation: number;
  /** A generation is over, too, when its blocks have this many bytes. */
  readonly journalBytes: number;
  readonly steps: Steps;
}

/** What a write has put and its commit has not confirmed yet. */
interface Put {
  readonly records: readonly ProductRecord[];
  readonly bytes: number;
  /** Of the folding. */
  readonly steps: number;
}

/**
 * The products that are stored. A record is on disk as soon as its block is in the journal; the table gets it later, once for
 * all changes until then and together with its neighbours, since a commit writes every page that it touches.
 *
 * Invariants: the young generation has what the newest blocks say; the old one has what the blocks before say, and stays
 * in memory when all of it is in the table; the table has everything else. This process alone writes, so memory is never out of date.
 */
export class Products {
  readonly #table: Table<string>;
  readonly #journal: Journal;
  readonly #generation: number;
  readonly #journalBytes: number;
  readonly #steps: Steps;
  #young = new Map<string, ProductRecord>();
  #youngIds = new SortedRuns();
  #youngBlocks: Blocks;
  #youngBytes = 0;
  #old: ReadonlyMap<string, ProductRecord> = new Map();
  #folding: Folding | undefined;
  #put: Put | undefined;

  /** Reads the journal. Throws `misconfigured` where it is damaged. */
  constructor({ table, journal, generation, journalBytes, steps }: ProductsOptions) {
    this.#table = table;
    this.#journal = new Journal(journal);
    this.#generation = generation;
    this.#journalBytes = journalBytes;
    this.#steps = steps;
    this.#youngBlocks = this.#journal.read((record) => this.#young.set(record.product_id, record));
    this.#youngIds.add([...this.#young.keys()]);
    if (this.#young.size > 0) this.#age();
  }

  get(product_id: string): ProductRecord | undefined {
    const known = this.#young.get(product_id) ?? this.#old.get(product_id);
    if (known !== undefined) return known;
    const bytes = this.#table.get(product_id);
    return bytes === undefined ? undefined : decodeRecord(product_id, bytes);
  }

  /** Only within a write, and once in it. */
  put(records: readonly ProductRecord[]): void {
    const bytes = records.length === 0 ? 0 : this.#journal.put(this.#youngBlocks.end, records);
    const steps = this.#folding?.put(weightOf(records), (product_id) => this.#young.has(product_id)) ?? 0;
    this.#put = { records, bytes, steps };
  }

  /** What was put last is on disk. */
  committed(): void {
    if (this.#put === undefined) return;
    const { records, bytes, steps } = this.#put;
    this.#put = undefined;
    this.#folding?.committed(weightOf(records), steps);
    if (this.#folding?.isOver === true) this.#folding = undefined;
    if (records.length > 0) this.#grow(records, bytes);
    const isFull = this.#young.size >= this.#generation || this.#youngBytes >= this.#journalBytes;
    if (isFull && this.#folding === undefined) this.#age();
  }

  #grow(records: readonly ProductRecord[], bytes: number): void {
    const added: string[] = [];
    for (const record of records) {
      const { size } = this.#young;
      if (this.#young.set(record.product_id, record).size > size) added.push(record.product_id);
    }
    this.#youngIds.add(added);
    this.#youngBytes += bytes;
    this.#youngBlocks = { first: this.#youngBlocks.first, end: this.#youngBlocks.end + 1 };
  }

  #age(): void {
    const { end } = this.#youngBlocks;
    const [records, ids, blocks] = [this.#young, this.#youngIds.all(), this.#youngBlocks];
    const [table, journal, steps] = [this.#table, this.#journal, this.#steps];
    this.#folding = new Folding({ table, journal, records, ids, blocks, steps });
    this.#old = this.#young;
    this.#young = new Map();
    this.#youngIds = new SortedRuns();
    this.#youngBlocks = { first: end, end };
    this.#youngBytes = 0;
  }
}

/** In steps of the folding to come: its products, and its block. */
function weightOf(records: readonly ProductRecord[]): number {
  return records.length === 0 ? 0 : records.length + 1;
}
