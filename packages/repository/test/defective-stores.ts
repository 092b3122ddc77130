import { setImmediate as turn } from 'node:timers/promises';
import { merge, NEVER, type ProductRecord, type Version } from '@product-updates/domain';
import {
  createMemoryStore,
  type DeadLetter,
  type DeadLetterStore,
  type Page,
  type Store,
} from '@product-updates/repository';

/** A mistake that an adapter could make, and the tests of the contract that must notice it. */
export interface DefectiveStore {
  readonly name: string;
  readonly noticedBy: readonly string[];
  readonly create: (options: { deadLetterMax: number }) => Store;
}

type Products = Store['products'];
type Merge = (there: ProductRecord, update: ProductRecord) => ProductRecord;

export const defectiveStores: readonly DefectiveStore[] = [
  products('what it cannot hold is a bug', ['R28.1'], (inner) => ({
    apply: async (records) => {
      if (records.some(({ product_id }) => product_id.includes('\0'))) throw new TypeError('U+0000');
      return inner.apply(records);
    },
  })),
  letters('letters are refused for their texts', ['R28.2'], (inner) => ({
    add: async (letter) => {
      if (letter.error.includes('\0')) throw new TypeError('U+0000');
      return inner.add(letter);
    },
  })),
  products('getMany leaves out what it does not know', ['R1.1', 'R25'], (inner) => ({
    getMany: async (ids) => (await inner.getMany(ids)).filter((record) => record !== undefined),
  })),
  products('a field that was never set is 0', ['R2', 'R25'], (inner) => ({
    get: async (id) => zeroed(await inner.get(id)),
    getMany: async (ids) => (await inner.getMany(ids)).map(zeroed),
  })),
  products('apply answers all that it was given', ['R3', 'R4', 'R16.1'], (inner) => ({
    apply: async (records) => {
      await inner.apply(records);
      return records;
    },
  })),
  merging('the last write wins', ['R3', 'R5', 'R6', 'R7', 'R8', 'R9.1'], (_, update) => update),
  merging('the larger version of the whole record wins', ['R2', 'R5', 'R6', 'R7', 'R9.1'], (there, update) => {
    return highestOf(update) > highestOf(there) ? update : there;
  }),
  merging('at one version the first value stays', ['R4', 'R6', 'R7', 'R25'], (there, update) => ({
    ...there,
    ...(update.price_version > there.price_version && { price: update.price, price_version: update.price_version }),
    ...(update.stock_version > there.stock_version && { stock: update.stock, stock_version: update.stock_version }),
  })),
  merging('values are compared as texts', ['R14.2'], (there, update) => {
    const merged = merge(there, update);
    if (update.price_version !== there.price_version || `${update.price}` <= `${there.price}`) return merged;
    return { ...merged, price: update.price };
  }),
  products('the lock does not reach from reading to writing', ['R8', 'R9.1'], (inner, records) => ({
    apply: async (updates) => {
      const there = await inner.getMany(updates.map((update) => update.product_id));
      await turn();
      const merged = updates.map((update, i) => merge(there[i] ?? update, update));
      for (const record of merged) records.set(record.product_id, record);
      return merged;
    },
  })),
  products('each field is written on its own', ['R9.2'], (inner) => ({
    apply: async (updates) => {
      await inner.apply(updates.map((update) => ({ ...update, stock: null, stock_version: NEVER })));
      await turn();
      return inner.apply(updates);
    },
  })),
  products('apply resolves before others can read it', ['R2', 'R10.1'], (inner) => ({
    apply: async (updates) => {
      setImmediate(() => void inner.apply(updates));
      return updates;
    },
  })),
  products('prices have two decimals', ['R14.1'], (inner) => ({
    apply: (updates) =>
      inner.apply(updates.map((u) => (u.price === null ? u : { ...u, price: Math.round(u.price * 100) / 100 }))),
  })),
  products('stocks are 32 bits wide', ['R14.1', 'R14.2'], (inner) => ({
    apply: (updates) => inner.apply(updates.map((u) => (u.stock === null ? u : { ...u, stock: u.stock | 0 }))),
  })),
  products('ids are folded', ['R15'], (inner) => ({
    apply: (updates) => inner.apply(updates.map((u) => ({ ...u, product_id: u.product_id.normalize('NFKD') }))),
  })),
  products('large batches are cut', ['R16.1'], (inner) => ({
    apply: (updates) => inner.apply(updates.slice(0, 10_000)),
  })),
  products('records of the caller are kept', ['R26'], (_, records) => ({
    apply: async (updates) => {
      for (const update of updates) records.set(update.product_id, update);
      return updates;
    },
  })),
  letters('the oldest letter is evicted at the bound', ['R21.6', 'R21.7'], (inner, max) => ({
    add: async (letter) => {
      const [oldest] = await inner.list({ limit: 1 });
      if (oldest !== undefined && (await inner.count()) >= max) await inner.remove(oldest.id);
      await inner.add(letter);
    },
  })),
  letters('replacing is bounded', ['R21.6'], (inner, max) => ({
    add: async (letter) => {
      if ((await inner.count()) >= max) await inner.add({ ...letter, id: `${letter.id}-again` });
      else await inner.add(letter);
    },
  })),
  letters('the first letter of an id stays', ['R21.2', 'R25'], (inner) => ({
    add: async (letter) => {
      if ((await inner.get(letter.id)) === undefined) await inner.add(letter);
    },
  })),
  letters('bytes are kept as text', ['R21.3'], (inner) => ({
    add: (letter) => inner.add({ ...letter, bytes: letter.bytes && Buffer.from(Buffer.from(letter.bytes).toString()) }),
  })),
  letters('pages are sorted by a language', ['R21.4', 'R25'], (inner) => ({
    list: (page) => pageOf(inner, page, (a, b) => a.localeCompare(b, 'en')),
  })),
  letters('a page begins with the id it was to come after', ['R21.4'], (inner) => ({
    list: async ({ limit, after }) => {
      const first = after === undefined ? undefined : await inner.get(after);
      const rest = await inner.list({ limit, after });
      return first === undefined ? rest : [first, ...rest].slice(0, limit);
    },
  })),
  letters('remove always says there was one', ['R21.1', 'R25'], (inner) => ({
    remove: async (id) => {
      await inner.remove(id);
      return true;
    },
  })),
  {
    name: 'it answers after it is disposed',
    noticedBy: ['R23.1'],
    create: (options) => ({ ...createMemoryStore(options), [Symbol.asyncDispose]: async () => {} }),
  },
  {
    name: 'the highest version forgets',
    noticedBy: ['R24.1', 'R10.1', 'R25'],
    create: (options) => ({ ...createMemoryStore(options), highestVersion: async () => NEVER }),
  },
];

function zeroed(record: ProductRecord | undefined): ProductRecord | undefined {
  return record && { ...record, price: record.price ?? 0, stock: record.stock ?? 0 };
}

function highestOf(record: ProductRecord): Version {
  return Math.max(record.price_version, record.stock_version) as Version;
}

/** A store whose products do some things their own way; `records` are all there are, where the change keeps them itself. */
function products(
  name: string,
  noticedBy: readonly string[],
  change: (inner: Products, records: Map<string, ProductRecord>) => Partial<Products>,
): DefectiveStore {
  return {
    name,
    noticedBy,
    create: (options) => {
      const store = createMemoryStore(options);
      const records = new Map<string, ProductRecord>();
      const inner: Products = {
        apply: (updates) => store.products.apply(updates),
        get: async (id) => records.get(id) ?? (await store.products.get(id)),
        getMany: async (ids) => Promise.all(ids.map(inner.get)),
      };
      return { ...store, products: { ...inner, ...change(inner, records) } };
    },
  };
}

function merging(name: string, noticedBy: readonly string[], merge: Merge): DefectiveStore {
  return products(name, noticedBy, (_, records) => ({
    apply: async (updates) => {
      const changed: ProductRecord[] = [];
      for (const update of updates) {
        const there = records.get(update.product_id);
        const record = there === undefined ? update : merge(there, update);
        if (record !== there) changed.push(record);
        records.set(record.product_id, record);
      }
      return changed;
    },
  }));
}

function letters(
  name: string,
  noticedBy: readonly string[],
  change: (inner: DeadLetterStore, max: number) => Partial<DeadLetterStore>,
): DefectiveStore {
  return {
    name,
    noticedBy,
    create: (options) => {
      const store = createMemoryStore(options);
      return { ...store, deadLetters: { ...store.deadLetters, ...change(store.deadLetters, options.deadLetterMax) } };
    },
  };
}

async function pageOf(
  inner: DeadLetterStore,
  page: Page,
  compare: (a: string, b: string) => number,
): Promise<DeadLetter[]> {
  const all = (await inner.list({ limit: 100_000 })).toSorted((a, b) => compare(a.id, b.id));
  return all.filter(({ id }) => page.after === undefined || compare(id, page.after) > 0).slice(0, page.limit);
}
