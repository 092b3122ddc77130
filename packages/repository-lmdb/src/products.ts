import { merge, type ProductRecord } from '@product-updates/domain';
import type { Table } from '@product-updates/lmdb';
import { Folding, type Steps } from './folding.ts';
import { Journal, type Blocks } from './journal.ts';
import { Known } from './known.ts';
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

/** A product that the write under way changes. */
interface Change {
  readonly product_id: string;
  readonly place: number;
  record: ProductRecord;
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
  readonly #known = new Known();
  /** Of the write under way, by place. A product is looked up once for an update: a map of this size costs more than all the rest. */
  #changes = new Map<number, Change>();
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
    const ids: string[] = [];
    this.#blocks = this.#journal.read((record) => this.#remember(record, ids));
    this.#ids.add(ids);
    if (ids.length > 0) this.#age();
  }

  get(product_id: string): ProductRecord | undefined {
    return this.#stored(product_id, this.#known.placeOf(product_id));
  }

  /** Only within a write. Answers what the product is then, undefined where the update brings nothing newer. */
  change(update: ProductRecord): ProductRecord | undefined {
    const { product_id } = update;
    const place = this.#known.placeOf(product_id);
    const change = place === undefined ? undefined : this.#changes.get(place);
    const there = change === undefined ? this.#stored(product_id, place) : change.record;
    const merged = there === undefined ? update : merge(there, update);
    if (merged === there) return undefined;
    if (change === undefined) this.#begin(product_id, place ?? this.#known.add(product_id), merged);
    else change.record = merged;
    return merged;
  }

  /** Only within a write, after its last change: puts them. Answers the records that are new. */
  put(): readonly ProductRecord[] {
    const records = Array.from(this.#changes.values(), ({ record }) => record);
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
    for (const { product_id, place } of this.#changes.values()) {
      if (this.#known.generationAt(place) === 0) this.#known.remove(product_id);
    }
    this.#changes = new Map();
  }

  /** Of the write under way, in steps of the folding to come: its products, and its block. */
  get #weight(): number {
    return this.#changes.size === 0 ? 0 : this.#changes.size + 1;
  }

  /** Of generation 0 is what the write under way has added. */
  #stored(product_id: string, place: number | undefined): ProductRecord | undefined {
    if (place !== undefined && this.#known.generationAt(place) > 0) return this.#known.recordAt(place, product_id);
    const bytes = this.#options.table.get(product_id);
    return bytes === undefined ? undefined : decodeRecord(product_id, bytes);
  }

  #begin(product_id: string, place: number, record: ProductRecord): void {
    this.#changes.set(place, { product_id, place, record });
  }

  /** A record of the journal. */
  #remember(record: ProductRecord, ids: string[]): void {
    const { product_id } = record;
    const known = this.#known.placeOf(product_id);
    if (known === undefined) ids.push(product_id);
    this.#known.setAt(known ?? this.#known.add(product_id), record, this.#generation);
  }

  #grow(bytes: number): void {
    const added: string[] = [];
    for (const { product_id, place, record } of this.#changes.values()) {
      if (this.#known.generationAt(place) !== this.#generation) added.push(product_id);
      this.#known.setAt(place, record, this.#generation);
    }
    this.#changes = new Map();
    this.#ids.add(added);
    this.#bytes += bytes;
    this.#blocks = { first: this.#blocks.first, end: this.#blocks.end + 1 };
  }

  /** Of the generation that is folded now, unless a later block has it. */
  #unchanged(product_id: string): ProductRecord | undefined {
    const place = this.#known.placeOf(product_id) as number;
    if (this.#known.generationAt(place) === this.#generation) return undefined;
    return this.#known.recordAt(place, product_id);
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
      const place = this.#known.placeOf(product_id);
      if (place !== undefined && this.#known.generationAt(place) < this.#generation - 1) this.#known.remove(product_id);
    }
  }
}
