import { NEVER, type ProductRecord, type Version } from '@product-updates/domain';
import type { Environment, EnvironmentOptions, Table } from '@product-updates/lmdb';
import type { Commitable } from './changes.ts';
import { Products } from './products.ts';

/** The format of what lies in the tables; a change of it needs a step in `migrations`. */
export const FORMAT = 2;
/** 1: without a journal, which is the same as with an empty one. */
export const migrations: EnvironmentOptions['migrations'] = { 1: () => {} };

const HIGHEST = 'highest_version';

/** Of the products that changed last this many to twice as many stand in memory, 150 bytes each. */
const GENERATION_SIZE = 50_000;
const MIB = 2 ** 20;

export interface Tables {
  readonly products: Products;
  /** By the letter's id, whose byte order is that of the updates. */
  readonly letters: Table<string>;
  readonly facts: Table<string>;
}

/** Throws `misconfigured` for a damaged journal, which takes at most about an eighth of `maxBytes`, and 32 MiB. */
export function openTables(environment: Environment, { maxBytes }: { readonly maxBytes: number }): Tables {
  return {
    products: new Products({
      table: environment.table('products'),
      journal: environment.numberedTable('journal'),
      generationSize: GENERATION_SIZE,
      journalBytes: Math.min(16 * MIB, maxBytes / 16),
      steps: { fewest: 1000, most: 2500 },
    }),
    letters: environment.table('letters'),
    facts: environment.table('facts'),
  };
}

export function highestVersionIn({ facts }: Pick<Tables, 'facts'>): Version {
  const bytes = facts.get(HIGHEST);
  return bytes === undefined ? NEVER : (new DataView(bytes.buffer, bytes.byteOffset).getFloat64(0, true) as Version);
}

/** What one commit sets, over what is stored. */
export class Pending implements Commitable {
  readonly #tables: Tables;
  readonly #letters = new Map<string, Uint8Array | undefined>();
  #letterCount: number | undefined;

  constructor(tables: Tables) {
    this.#tables = tables;
  }

  /** What the product is then; undefined where the update brings nothing newer. */
  change(update: ProductRecord): ProductRecord | undefined {
    return this.#tables.products.change(update);
  }

  hasLetter(id: string): boolean {
    return this.#letters.has(id) ? this.#letters.get(id) !== undefined : this.#tables.letters.get(id) !== undefined;
  }

  get letterCount(): number {
    this.#letterCount ??= this.#tables.letters.count();
    return this.#letterCount;
  }

  setLetter(id: string, encoded: Uint8Array): void {
    if (!this.hasLetter(id)) this.#letterCount = this.letterCount + 1;
    this.#letters.set(id, encoded);
  }

  removeLetter(id: string): void {
    if (this.hasLetter(id)) this.#letterCount = this.letterCount - 1;
    this.#letters.set(id, undefined);
  }

  put(): void {
    const { products, letters } = this.#tables;
    const records = products.put();
    for (const [id, encoded] of this.#letters) {
      if (encoded === undefined) letters.remove(id);
      else letters.put(id, encoded);
    }
    this.#putHighest(records);
  }

  committed(): void {
    this.#tables.products.committed();
  }

  failed(): void {
    this.#tables.products.failed();
  }

  #putHighest(records: readonly ProductRecord[]): void {
    let highest: Version = NEVER;
    for (const { price_version, stock_version } of records) {
      if (price_version > highest) highest = price_version;
      if (stock_version > highest) highest = stock_version;
    }
    if (highest === NEVER || highest <= highestVersionIn(this.#tables)) return;
    const bytes = new Uint8Array(8);
    new DataView(bytes.buffer).setFloat64(0, highest, true);
    this.#tables.facts.put(HIGHEST, bytes);
  }
}
