import { expect } from 'chai';
import type { ProductRecord } from '@product-updates/domain';
import { settlesWithin } from '@product-updates/queue/contract';
import type { Store } from '../src/index.ts';
import type { ModelStore } from './model-store.ts';
import { chunksOf } from './samples.ts';

/** Expects every call to end within the time, by an answer or by `unavailable`. */
export async function settleWithin(limitMs: number, calls: Readonly<Record<string, Promise<unknown>>>): Promise<void> {
  await Promise.all(Object.entries(calls).map(([name, call]) => settlesWithin(limitMs, name, call)));
}

/** Reads any number of products, a thousand at a time. */
export async function readAll(store: Store, ids: readonly string[]): Promise<(ProductRecord | undefined)[]> {
  const read: (ProductRecord | undefined)[] = [];
  for (const chunk of chunksOf(ids, 1000)) read.push(...(await store.products.getMany(chunk)));
  return read;
}

/** Expects exactly these records. Compares texts first: deep equality of thousands of records takes seconds. */
export function same(
  actual: readonly (ProductRecord | undefined)[],
  expected: readonly (ProductRecord | undefined)[],
): void {
  expect(actual.length).to.equal(expected.length);
  for (const [i, record] of expected.entries()) {
    if (textOf(actual[i]) !== textOf(record)) expect(actual[i], `record ${i}`).to.deep.equal(record);
  }
}

/** Expects what the model holds. */
export async function sameAsModel(store: Store, model: ModelStore): Promise<void> {
  const ids = model.ids();
  same(
    await readAll(store, ids),
    ids.map((id) => model.get(id)),
  );
}

/** In one order, for comparing what `apply` answered: it promises none. */
export function byId(records: readonly ProductRecord[]): ProductRecord[] {
  return records.toSorted((a, b) => (a.product_id < b.product_id ? -1 : 1));
}

function textOf(record: ProductRecord | undefined): string {
  if (record === undefined) return 'none';
  const { product_id, price, price_version, stock, stock_version, ...more } = record;
  return JSON.stringify([product_id, price, price_version, stock, stock_version, more]);
}
