import { merge, type ProductRecord } from '@product-updates/domain';
import type { Table } from '@product-updates/lmdb';
import { Folding, type Steps } from './folding.ts';
import { Journal, type Blocks } from './journal.ts';
import { decodeRecord } from './record.ts';
import { SortedRuns } from './sorted-runs.ts';

export interface ProductsOptions {
  /** By product id. */
  readonly table: Table<string>;
  readonly journal: Table<number>;
  /** So many products are in a generation, about. In memory are those of one to two. */
  readonly generationSize: number;
  /** A generation is full, too, when its blocks have this many bytes. */
  readonly journalBytes: number;
  readonly steps: Steps;
}

/** A product in memory. It is looked up once for an update: a map of this size costs more than all the rest. */
interface Known {
  readonly product_id: string;
  /** What is stored. */
  record: ProductRecord | undefined;
  /** What the write under way makes of it. */
  next: ProductRecord | undefined;
  /** In which it was stored last; 0 before. */
  generation: number;
}

/** What a write puts besides the changes. */
interface Put {
  readonly bytes: number;
  /** Of the folding. */
  readonly steps: number;
}

/**
 * The products that are stored. A record is on disk as soon as its block is in the journal; the table gets it later, once for
 * all changes until then and together with its neighbours, since a commit writes every page that it touches.
 *
 * Invariants: what the journal has is in memory; the blocks of the young generation are behind those of the one that is being
 * folded; the table has everything else. This process alone writes, so memory is never out of date. One write is under way at a time.
 */
export class Products {
  readonly #options: ProductsOptions;
  readonly #journal: Journal;
  readonly #known = new Map<string, Known>();
  /** What the write under way changes. */
  #changing: Known[] = [];
  #put: Put = { bytes: 0, steps: 0 };
  #generation = 1;
  /** Of the young generation. */
  #ids = new SortedRuns();
  #blocks: Blocks;
  #bytes = 0;
  #folding: Folding | undefined;
  /** Ids of the generation that is in the table, or on its way there. */
  #old: readonly string[] = [];
  /** Ids that may be forgotten unless they changed since. */
  #leaving: readonly string[] = [];
  #left = 0;

  /** Reads the journal. Throws `misconfigured` where it is damaged. */
  constructor(options: ProductsOptions) {
    this.#options = options;
    this.#journal = new Journal(options.journal);
    this.#blocks = this.#journal.read((record) => this.#remember(record));
    this.#ids.add([...this.#known.keys()]);
    if (this.#known.size > 0) this.#age();
  }

  get(product_id: string): ProductRecord | undefined {
    const known = this.#known.get(product_id);
    return known === undefined ? this.#inTable(product_id) : known.record;
  }

  /** Only within a write. Answers what the product is then, undefined where the update brings nothing newer. */
  change(update: ProductRecord): ProductRecord | undefined {
    const { product_id } = update;
    const known = this.#known.get(product_id);
    const there = known === undefined ? this.#inTable(product_id) : (known.next ?? known.record);
    const merged = there === undefined ? update : merge(there, update);
    if (merged === there) return undefined;
    if (known === undefined) this.#add(product_id, there, merged);
    else if (known.next !== undefined) known.next = merged;
    else {
      known.next = merged;
      this.#changing.push(known);
    }
    return merged;
  }

  /** Only within a write, after its last change: puts them. Answers the records that are new. */
  put(): readonly ProductRecord[] {
    const records = this.#changing.map(({ next }) => next as ProductRecord);
    const bytes = records.length === 0 ? 0 : this.#journal.put(this.#blocks.end, records);
    const steps = this.#folding?.put(this.#weight, (product_id) => this.#unchanged(product_id)) ?? 0;
    this.#put = { bytes, steps };
    return records;
  }

  /** The write is on disk. */
  committed(): void {
    const { bytes, steps } = this.#put;
    const weight = this.#weight;
    this.#folding?.committed(weight, steps);
    if (this.#folding?.isOver === true) this.#folding = undefined;
    if (weight > 0) this.#grow(bytes);
    this.#forget(weight);
    const { generationSize, journalBytes } = this.#options;
    const isFull = this.#ids.size >= generationSize || this.#bytes >= journalBytes;
    if (isFull && this.#folding === undefined) this.#age();
  }

  /** The write is not on disk, or may not be. */
  failed(): void {
    for (const known of this.#changing) {
      known.next = undefined;
      if (known.generation === 0) this.#known.delete(known.product_id);
    }
    this.#changing = [];
  }

  /** Of the write under way, in steps of the folding to come: its products, and its block. */
  get #weight(): number {
    return this.#changing.length === 0 ? 0 : this.#changing.length + 1;
  }

  #inTable(product_id: string): ProductRecord | undefined {
    const bytes = this.#options.table.get(product_id);
    return bytes === undefined ? undefined : decodeRecord(product_id, bytes);
  }

  #add(product_id: string, record: ProductRecord | undefined, next: ProductRecord): void {
    const known = { product_id, record, next, generation: 0 };
    this.#known.set(product_id, known);
    this.#changing.push(known);
  }

  #remember(record: ProductRecord): void {
    const { product_id } = record;
    this.#known.set(product_id, { product_id, record, next: undefined, generation: this.#generation });
  }

  #grow(bytes: number): void {
    const added: string[] = [];
    for (const known of this.#changing) {
      known.record = known.next;
      known.next = undefined;
      if (known.generation !== this.#generation) added.push(known.product_id);
      known.generation = this.#generation;
    }
    this.#changing = [];
    this.#ids.add(added);
    this.#bytes += bytes;
    this.#blocks = { first: this.#blocks.first, end: this.#blocks.end + 1 };
  }

  /** Of the generation that is folded now, unless a later block has it. */
  #unchanged(product_id: string): ProductRecord | undefined {
    const known = this.#known.get(product_id) as Known;
    return known.generation === this.#generation ? undefined : known.record;
  }

  #age(): void {
    const { table, steps } = this.#options;
    this.#leaving = this.#leaving.slice(this.#left).concat(this.#old);
    this.#left = 0;
    this.#old = this.#ids.all();
    this.#folding = new Folding({ table, journal: this.#journal, ids: this.#old, blocks: this.#blocks, steps });
    this.#generation++;
    this.#ids = new SortedRuns();
    this.#blocks = { first: this.#blocks.end, end: this.#blocks.end };
    this.#bytes = 0;
  }

  /** As fast as others come, so that there are never more than two generations. */
  #forget(weight: number): void {
    const to = Math.min(this.#left + 2 * weight, this.#leaving.length);
    for (; this.#left < to; this.#left++) {
      const product_id = this.#leaving[this.#left] as string;
      const known = this.#known.get(product_id);
      if (known !== undefined && known.generation < this.#generation - 1) this.#known.delete(product_id);
    }
  }
}
