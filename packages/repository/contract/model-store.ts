import type { ProductRecord, Version } from '@product-updates/domain';
import type { DeadLetter } from '../src/index.ts';

/**
 * What a store ought to do, in the plainest way there is and without a promise: for every field it looks for the largest
 * pair of version and value. It shares no code with `merge`, so that each proves the other.
 */
export interface ModelStore {
  /** As `ProductWriter.apply`; the products' ids need not be distinct. */
  apply(records: readonly ProductRecord[]): readonly ProductRecord[];
  get(product_id: string): ProductRecord | undefined;
  /** Of every product, in the order in which they first appeared. */
  ids(): readonly string[];
  highestVersion(): number;
  /** Whether there was room. */
  addLetter(letter: DeadLetter): boolean;
  getLetter(id: string): DeadLetter | undefined;
  removeLetter(id: string): boolean;
  /** All of them, in the byte order of their ids. */
  letters(): readonly DeadLetter[];
}

type Field = readonly [version: number, value: number | null];
type Fields = { price: Field; stock: Field };

export function createModelStore(options: { readonly deadLetterMax?: number } = {}): ModelStore {
  const products = new Map<string, Fields>();
  const letters = new Map<string, DeadLetter>();

  function applyOne(update: ProductRecord): boolean {
    const there = products.get(update.product_id) ?? { price: [0, null], stock: [0, null] };
    const price = laterOf(there.price, [update.price_version, update.price]);
    const stock = laterOf(there.stock, [update.stock_version, update.stock]);
    products.set(update.product_id, { price, stock });
    return price !== there.price || stock !== there.stock;
  }

  return {
    apply(records) {
      const changed = records.filter(applyOne).map((record) => record.product_id);
      return [...new Set(changed)].map((id) => recordOf(id, products.get(id)!));
    },
    get(product_id) {
      const fields = products.get(product_id);
      return fields === undefined ? undefined : recordOf(product_id, fields);
    },
    ids: () => [...products.keys()],
    highestVersion() {
      let highest = 0;
      for (const { price, stock } of products.values()) highest = Math.max(highest, price[0], stock[0]);
      return highest;
    },
    addLetter(letter) {
      if (!letters.has(letter.id) && letters.size >= (options.deadLetterMax ?? Infinity)) return false;
      letters.set(letter.id, letter);
      return true;
    },
    getLetter: (id) => letters.get(id),
    removeLetter: (id) => letters.delete(id),
    letters: () => [...letters.values()].sort((a, b) => Buffer.compare(Buffer.from(a.id), Buffer.from(b.id))),
  };
}

function laterOf(there: Field, update: Field): Field {
  const [thereVersion, thereValue] = there;
  const [version, value] = update;
  if (version > thereVersion) return update;
  if (version < thereVersion) return there;
  return (value ?? -Infinity) > (thereValue ?? -Infinity) ? update : there;
}

function recordOf(product_id: string, { price, stock }: Fields): ProductRecord {
  return {
    product_id,
    price: price[1],
    price_version: price[0] as Version,
    stock: stock[1],
    stock_version: stock[0] as Version,
  };
}
