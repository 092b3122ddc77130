import { NEVER, type ProductRecord, type Version } from '@product-updates/domain';
import { CodedError } from '@product-updates/errors';
import type { ProductReader, ProductWriter } from '@product-updates/repository';
import type { Reply } from './client.ts';
import type { Connection } from './connection.ts';
import type { Keys } from './keys.ts';
import type { Wire } from './link.ts';
import { mergeScript } from './merge-script.ts';
import { runScript } from './script.ts';
import { createTurns, type Turns } from './turns.ts';

/**
 * Products that one call of the script merges, where all keys are on one server. Much of what a call costs Redis does not
 * depend on it, so 50 are 1.6 times as fast as 50 calls; more gain little, and others wait while a script runs (here 0.3 ms).
 */
const PER_SCRIPT = 50;

/**
 * Calls on their way at a time, of all batches together. Redis reads what one client has sent and works off all of it before
 * it looks at another one, so a read would wait for whole batches; with fewer than this Redis itself waits for us.
 */
const CALLS_AT_ONCE = 6;

const fields = ['price', 'price_version', 'stock', 'stock_version'] as const;

export interface ProductsOptions {
  readonly connection: Connection;
  readonly keys: Keys;
  /** Whether the keys of different products may be on different servers. */
  readonly cluster: boolean;
}

export function createRedisProducts(options: ProductsOptions): ProductReader & ProductWriter {
  const { connection, keys } = options;
  const turns = createTurns(CALLS_AT_ONCE);
  const mergeAll = options.cluster ? mergeSpread : mergeTogether;

  async function read(wire: Wire, product_id: string): Promise<ProductRecord | undefined> {
    const key = keys.product(product_id);
    return recordOf(product_id, await wire.send(key, ['HMGET', key, ...fields]));
  }

  return {
    get: (product_id) => connection.read((wire) => read(wire, product_id)),
    getMany: (ids) => connection.read((wire) => Promise.all(ids.map((id) => read(wire, id)))),
    async apply(records) {
      const updates = records.map(plain);
      const answers = await connection.write((wire) =>
        updates.length === 0 ? Promise.resolve([]) : mergeAll(wire, keys, updates, turns),
      );
      return updates.flatMap((update, i) => changed(update, answers[i] ?? 0) ?? []);
    },
  };
}

/** Each call keeps the highest version of its own products, in the same step. */
async function mergeTogether(
  wire: Wire,
  keys: Keys,
  updates: readonly ProductRecord[],
  turns: Turns,
): Promise<readonly Reply[]> {
  const answers = await Promise.all(
    chunksOf(updates).map((chunk) =>
      turns(() => {
        const productKeys = chunk.map(({ product_id }) => keys.product(product_id));
        return runScript(
          wire,
          mergeScript,
          [keys.highestVersion, ...productKeys],
          [String(highestOf(chunk)), valuesOf(chunk)],
        );
      }),
    ),
  );
  return (answers as (readonly Reply[])[]).flat();
}

/** The highest version is on one server, products are on others: it is written before, so that it is never too low. */
async function mergeSpread(
  wire: Wire,
  keys: Keys,
  updates: readonly ProductRecord[],
  turns: Turns,
): Promise<readonly Reply[]> {
  await runScript(wire, mergeScript, [keys.highestVersion], [String(highestOf(updates)), '[]']);
  const answers = await Promise.all(
    chunksOf(updates).map((chunk) =>
      turns(() =>
        Promise.all(
          chunk.map((update) =>
            runScript(wire, mergeScript, [keys.product(update.product_id)], ['', valuesOf([update])]),
          ),
        ),
      ),
    ),
  );
  return (answers as (readonly (readonly Reply[])[])[]).flat(2);
}

function chunksOf(updates: readonly ProductRecord[]): (readonly ProductRecord[])[] {
  const chunks: (readonly ProductRecord[])[] = [];
  for (let i = 0; i < updates.length; i += PER_SCRIPT) chunks.push(updates.slice(i, i + PER_SCRIPT));
  return chunks;
}

function highestOf(records: readonly ProductRecord[]): number {
  let highest = 0;
  for (const { price_version, stock_version } of records) highest = Math.max(highest, price_version, stock_version);
  return highest;
}

/**
 * One text for all: an argument for each value cost both sides more. `String` is the shortest text that reads back as the
 * same number, and says 0 for −0.
 */
function valuesOf(updates: readonly ProductRecord[]): string {
  const texts: string[] = [];
  for (const { price, price_version, stock, stock_version } of updates) {
    texts.push(textOf(price), String(price_version), textOf(stock), String(stock_version));
  }
  return JSON.stringify(texts);
}

function textOf(value: number | null): string {
  return value === null ? '' : String(value);
}

/** The record as it now is, from what the script answered; `undefined` where nothing was newer. */
function changed(update: ProductRecord, answer: Reply): ProductRecord | undefined {
  if (answer === 0) return undefined;
  if (answer === 1) return update;
  const [taken, value, version] = answer as readonly [number, string, string];
  if (taken === 1) return { ...update, stock: Number(value), stock_version: Number(version) as Version };
  return { ...update, price: Number(value), price_version: Number(version) as Version };
}

/** The five fields and nothing else, our own copy; 0 for −0. */
function plain({ product_id, price, price_version, stock, stock_version }: ProductRecord): ProductRecord {
  return {
    product_id,
    price: price === 0 ? 0 : price,
    price_version,
    stock: stock === 0 ? 0 : stock,
    stock_version,
  };
}

function recordOf(product_id: string, reply: Reply): ProductRecord | undefined {
  const [price = null, priceVersion = null, stock = null, stockVersion = null] = reply as readonly (string | null)[];
  if (priceVersion === null && stockVersion === null) return undefined;
  const record = {
    product_id,
    price: priceVersion === null ? null : numberOf(price),
    price_version: priceVersion === null ? NEVER : (numberOf(priceVersion) as Version),
    stock: stockVersion === null ? null : numberOf(stock),
    stock_version: stockVersion === null ? NEVER : (numberOf(stockVersion) as Version),
  };
  const numbers = [record.price, record.price_version, record.stock, record.stock_version];
  if (!numbers.some(Number.isNaN)) return record;
  const why = `the hash of product ${JSON.stringify(product_id)} is not what this store wrote`;
  throw new CodedError('misconfigured', why);
}

/** NaN for what is none, or is missing beside its version. */
function numberOf(text: string | null): number {
  return text === null || text === '' ? Number.NaN : Number(text);
}
