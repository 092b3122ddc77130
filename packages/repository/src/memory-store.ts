import { CodedError, readUrlOptions } from '@product-updates/errors';
import { createMemoryDeadLetters } from './memory-dead-letters.ts';
import { createMemoryProducts } from './memory-products.ts';
import type { OpenStore } from './open-store.ts';
import type { Store } from './store.ts';

/** How many dead letters a store keeps unless told. */
export const DEAD_LETTER_MAX = 100_000;

/**
 * A store in this process: gone with it, and unbounded in products (one record of about 200 bytes for each). It answers
 * in the same turn, so it is also the store of tests and examples. After it is disposed every call rejects `closed`.
 */
export function createMemoryStore(options: { readonly deadLetterMax?: number } = {}): Store {
  let closed = false;
  const refuseClosed = (): void => {
    if (closed) throw new CodedError('closed', 'the store is closed');
  };
  const products = createMemoryProducts(refuseClosed);
  const deadLetters = createMemoryDeadLetters(options.deadLetterMax ?? DEAD_LETTER_MAX, refuseClosed);

  return {
    products,
    deadLetters,
    async highestVersion() {
      refuseClosed();
      return products.highestVersion;
    },
    async ping() {
      refuseClosed();
    },
    async [Symbol.asyncDispose]() {
      closed = true;
      products.clear();
      deadLetters.clear();
    },
  };
}

/** Opens `memory:`; it takes no option, host or path. */
export const openMemoryStore: OpenStore = async (url, context) => {
  readUrlOptions(url, {});
  if (url.host !== '' || url.pathname !== '' || url.hash !== '') {
    throw new CodedError('misconfigured', `${url.protocol} is a store in this process: nothing may follow it`);
  }
  return { store: createMemoryStore(context), durability: 'none', description: 'memory' };
};
