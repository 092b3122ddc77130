import { setTimeout as wait } from 'node:timers/promises';
import { expect } from 'chai';
import { codeOf, type ErrorCode } from '@product-updates/errors';
import type { ProductRecord } from '@product-updates/domain';
import type { Store } from '../src/index.ts';
import type { ModelStore } from './model-store.ts';
import { chunksOf } from './samples.ts';

/** Resolves when `check` does, tried again until the deadline; then rejects with its last error. */
export async function eventually<T>(deadlineMs: number, check: () => Promise<T>): Promise<T> {
  const deadline = performance.now() + deadlineMs;
  for (;;) {
    try {
      return await check();
    } catch (error) {
      if (performance.now() > deadline) throw error;
      await wait(10);
    }
  }
}

/** Expects a rejection with that code, and none that is a bug. */
export async function rejects(promise: Promise<unknown>, code: ErrorCode, what: string): Promise<Error> {
  const outcome = await outcomeOf(promise);
  if (outcome.ok) throw new Error(`${what}: it resolved, a rejection with ${code} was due`);
  expect(outcome.error, what).to.be.an.instanceOf(Error);
  expect(codeOf(outcome.error), `${what}: the code of "${String(outcome.error)}"`).to.equal(code);
  return outcome.error as Error;
}

export type Outcome<T> =
  | { readonly ok: true; readonly value: T; readonly ms: number }
  | { readonly ok: false; readonly error: unknown; readonly ms: number };

/** How a call ended, and after how long. */
export async function outcomeOf<T>(promise: Promise<T>): Promise<Outcome<T>> {
  const start = performance.now();
  try {
    const value = await promise;
    return { ok: true, value, ms: performance.now() - start };
  } catch (error) {
    return { ok: false, error, ms: performance.now() - start };
  }
}

/** Expects every call to end within the time, by an answer or by `unavailable`. */
export async function settleWithin(limitMs: number, calls: Readonly<Record<string, Promise<unknown>>>): Promise<void> {
  const outcomes = Object.entries(calls).map(([name, call]) => [name, outcomeOf(call)] as const);
  const stop = new AbortController();
  const late = wait(limitMs, 'late' as const, { signal: stop.signal });
  for (const [name, outcome] of outcomes) {
    const settled = await Promise.race([outcome, late]);
    if (settled === 'late') throw new Error(`${name}: not settled after ${limitMs} ms`);
    if (!settled.ok) expect(codeOf(settled.error), `${name}: ${String(settled.error)}`).to.equal('unavailable');
  }
  late.catch(() => {});
  stop.abort();
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
