import { NEVER, type ProductRecord, type Version } from '@product-updates/domain';
import type { Environment, EnvironmentOptions, Table } from '@product-updates/lmdb';
import type { Commitable } from './changes.ts';
import { Recent } from './recent.ts';
import { decodeRecord, encodeRecords } from './record.ts';

/** The format of what lies in the tables; a change of it needs a step in `migrations`. */
export const FORMAT = 1;
export const migrations: EnvironmentOptions['migrations'] = {};

const HIGHEST = 'highest_version';

/** About 15 MB. Reading a record from the file takes ten times as long as merging it. */
const RECENT_PRODUCTS = 50_000;

export interface Tables {
  /** By product id. */
  readonly products: Table<string>;
  /** By the letter's id, whose byte order is that of the updates. */
  readonly letters: Table<string>;
  readonly facts: Table<string>;
  /** What is stored of the products that changed last. This process alone writes, so it cannot be out of date. */
  readonly recent: Recent<ProductRecord>;
}

export function openTables(environment: Environment): Tables {
  return {
    products: environment.table('products'),
    letters: environment.table('letters'),
    facts: environment.table('facts'),
    recent: new Recent(RECENT_PRODUCTS),
  };
}

/** What is stored. */
export function productIn({ products, recent }: Tables, product_id: string): ProductRecord | undefined {
  const known = recent.get(product_id);
  if (known !== undefined) return known;
  const bytes = products.get(product_id);
  return bytes === undefined ? undefined : decodeRecord(product_id, bytes);
}

export function highestVersionIn({ facts }: Pick<Tables, 'facts'>): Version {
  const bytes = facts.get(HIGHEST);
  return bytes === undefined ? NEVER : (new DataView(bytes.buffer, bytes.byteOffset).getFloat64(0, true) as Version);
}

/** What one commit sets, over what is stored. */
export class Pending implements Commitable {
  readonly #tables: Tables;
  readonly #products = new Map<string, ProductRecord>();
  readonly #letters = new Map<string, Uint8Array | undefined>();
  #letterCount: number | undefined;

  constructor(tables: Tables) {
    this.#tables = tables;
  }

  product(product_id: string): ProductRecord | undefined {
    return this.#products.get(product_id) ?? productIn(this.#tables, product_id);
  }

  setProduct(record: ProductRecord): void {
    this.#products.set(record.product_id, record);
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
    const records = [...this.#products.values()];
    encodeRecords(records, (product_id, bytes) => products.put(product_id, bytes));
    for (const [id, encoded] of this.#letters) {
      if (encoded === undefined) letters.remove(id);
      else letters.put(id, encoded);
    }
    this.#putHighest(records);
  }

  /** It is on disk. */
  committed(): void {
    const { recent } = this.#tables;
    for (const record of this.#products.values()) recent.set(record.product_id, record);
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
