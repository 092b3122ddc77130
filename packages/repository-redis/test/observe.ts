import { setTimeout as wait } from 'node:timers/promises';
import { expect } from 'chai';
import { NEVER, type ProductRecord, type Version } from '@product-updates/domain';
import { codeOf } from '@product-updates/errors';
import { systemClock } from '@product-updates/queue';
import type { OpenedStore } from '@product-updates/repository';
import { openRedisStore } from '@product-updates/repository-redis';

export function openStore(url: URL): Promise<OpenedStore> {
  return openRedisStore(url, { deadLetterMax: 10, clock: systemClock });
}

/** An update of the price, to the number of its version. */
export function priceOf(product_id: string, version: number): ProductRecord {
  return { product_id, price: version, price_version: version as Version, stock: null, stock_version: NEVER };
}

/** Resolves when `check` does, tried again for 10 s. */
export async function eventually<T>(check: () => Promise<T>): Promise<T> {
  const deadline = performance.now() + 10_000;
  for (;;) {
    try {
      return await check();
    } catch (error) {
      if (performance.now() > deadline) throw error;
      await wait(10);
    }
  }
}

/** The code of the error that the call rejects with; the error itself where it has none. */
export async function codeFrom(call: Promise<unknown>): Promise<string> {
  try {
    await call;
    return 'it resolved';
  } catch (error) {
    return codeOf(error) ?? String(error);
  }
}

/** The error that the call rejects with. */
export async function errorFrom(call: Promise<unknown>): Promise<Error> {
  try {
    await call;
  } catch (error) {
    return error as Error;
  }
  throw new Error('it resolved');
}

/** Every kind of command once; disposes the store. */
export async function useOnce({ store }: OpenedStore): Promise<void> {
  await store.products.apply([priceOf('p1', 1)]);
  expect((await store.products.get('p1'))?.price).to.equal(1);
  const letter = {
    id: 'l1',
    product_id: 'p1',
    reason: 'rejected',
    error: '',
    attempts: 1,
    failed_at: '',
    event: null,
  } as const;
  await store.deadLetters.add({ ...letter, bytes: null });
  expect(await store.deadLetters.list({ limit: 5 })).to.have.length(1);
  expect(await store.deadLetters.get('l1')).not.to.equal(undefined);
  expect(await store.deadLetters.count()).to.equal(1);
  expect(await store.deadLetters.remove('l1')).to.equal(true);
  expect(await store.highestVersion()).to.equal(1);
  await store.ping();
  await store[Symbol.asyncDispose]();
}
