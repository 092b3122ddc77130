import type { ProductRecord } from '@product-updates/domain';
import { CodedError } from '@product-updates/errors';
import type { Environment } from '@product-updates/lmdb';
import type { DeadLetterStore, ProductReader, ProductWriter, Store } from '@product-updates/repository';
import { Changes } from './changes.ts';
import { translate } from './errors.ts';
import { decodeLetter, encodeLetter } from './letter.ts';
import { highestVersionIn, openTables, Pending, type Tables } from './tables.ts';

/** A larger batch is cut: each part is a commit, and between them readers get their turn. */
const BATCH_MAX = 500;
/** In units of UTF-16, of which a key of LMDB always takes so many; ids of the domain are far shorter. */
const ID_MAX = 659;

export interface LmdbStoreOptions {
  readonly deadLetterMax: number;
  /** What may be in use in the environment. */
  readonly maxBytes: number;
}

/** Disposes the environment with itself. Throws `misconfigured` where what it reads at once is damaged. */
export function createLmdbStore(environment: Environment, options: LmdbStoreOptions): Store {
  const tables = openTables(environment, options);
  const write = (change: () => void): Promise<void> => translated(() => environment.write(change));
  const changes = new Changes({ write }, () => new Pending(tables));
  let disposed: Promise<void> | undefined;
  const calls: Calls = {
    async read(run) {
      if (disposed !== undefined) throw new CodedError('closed', 'the store is closed');
      return translated(run);
    },
    async change(weight, run) {
      if (disposed !== undefined) throw new CodedError('closed', 'the store is closed');
      await changes.add(weight, run);
    },
  };

  return {
    products: createProducts(tables, calls),
    deadLetters: createDeadLetters(tables, calls, options.deadLetterMax),
    highestVersion: () => calls.read(() => highestVersionIn(tables)),
    ping: () => calls.read(() => environment.ping()),
    [Symbol.asyncDispose]() {
      disposed ??= changes.idle().then(() => environment[Symbol.asyncDispose]());
      return disposed;
    },
  };
}

/** What a closed store refuses, and how errors become the port's. */
interface Calls {
  readonly read: <T>(run: () => T | Promise<T>) => Promise<T>;
  readonly change: (weight: number, run: (pending: Pending) => void) => Promise<void>;
}

async function translated<T>(run: () => T | Promise<T>): Promise<T> {
  try {
    return await run();
  } catch (error) {
    throw translate(error);
  }
}

function createProducts(tables: Tables, { read, change }: Calls): ProductReader & ProductWriter {
  const recordOf = (product_id: string): ProductRecord | undefined => tables.products.get(product_id);
  return {
    get: (product_id) => read(() => recordOf(product_id)),
    getMany: (ids) => read(() => ids.map(recordOf)),
    async apply(records) {
      const changed: ProductRecord[] = [];
      const own = records.map(storable);
      const parts: Promise<void>[] = [];
      for (let at = 0; at < own.length; at += BATCH_MAX) {
        const part = own.slice(at, at + BATCH_MAX);
        parts.push(change(part.length, (pending) => mergeInto(pending, part, changed)));
      }
      await settled(parts);
      return changed;
    },
  };
}

function mergeInto(pending: Pending, updates: readonly ProductRecord[], changed: ProductRecord[]): void {
  for (const update of updates) {
    const record = pending.change(update);
    if (record !== undefined) changed.push(record);
  }
}

/**
 * The five fields and nothing else, as they are now: merged late, and an event is a record with more in it. 0 for −0. Throws
 * `invalid` before others of the same commit could suffer from it.
 */
function storable(record: ProductRecord): ProductRecord {
  const { product_id } = record;
  if (product_id.length === 0 || product_id.length > ID_MAX) {
    throw new CodedError('invalid', `a product id has 1 to ${ID_MAX} characters, not ${product_id.length}`);
  }
  return {
    product_id,
    price: record.price === 0 ? 0 : record.price,
    price_version: record.price_version,
    stock: record.stock === 0 ? 0 : record.stock,
    stock_version: record.stock_version,
  };
}

/** Waits for all, so that nothing of it is still written when the caller hears of a failure. */
async function settled(parts: readonly Promise<void>[]): Promise<void> {
  for (const result of await Promise.allSettled(parts)) if (result.status === 'rejected') throw result.reason;
}

function createDeadLetters({ letters }: Tables, { read, change }: Calls, max: number): DeadLetterStore {
  return {
    async add(letter) {
      const encoded = encodeLetter(letter);
      await change(1, (pending) => {
        if (!pending.hasLetter(letter.id) && pending.letterCount >= max) {
          throw new CodedError('full', `the store holds ${pending.letterCount} dead letters, its bound is ${max}`);
        }
        pending.setLetter(letter.id, encoded);
      });
    },
    list: ({ limit, after }) =>
      read(() =>
        Array.from(letters.entries({ limit, ...(after === undefined ? {} : { after }) }), ([, bytes]) =>
          decodeLetter(bytes),
        ),
      ),
    get: (id) =>
      read(() => {
        const bytes = letters.get(id);
        return bytes === undefined ? undefined : decodeLetter(bytes);
      }),
    async remove(id) {
      let removed = false;
      await change(1, (pending) => {
        removed = pending.hasLetter(id);
        if (removed) pending.removeLetter(id);
      });
      return removed;
    },
    count: () => read(() => letters.count()),
  };
}
