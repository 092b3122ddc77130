import type { Store } from '@product-updates/repository';
import { createDeadLetters } from './dead-letters.ts';
import type { Pool } from './pool.ts';
import { createProducts } from './products.ts';

export interface PostgresStoreOptions {
  readonly schema: string;
  readonly deadLetterMax: number;
  /** How long the scan for the highest version may take, in ms. */
  readonly scanTimeoutMs: number;
}

/** The store of a schema whose tables are there. It owns the pool. */
export function createStore(pool: Pool, options: PostgresStoreOptions): Store {
  const { schema, deadLetterMax, scanTimeoutMs } = options;
  const products = createProducts(pool, { schema, scanTimeoutMs });
  return {
    products,
    deadLetters: createDeadLetters(pool, { schema, max: deadLetterMax }),
    highestVersion: () => products.highestVersion(),
    ping: () => products.ping(),
    [Symbol.asyncDispose]: () => pool[Symbol.asyncDispose](),
  };
}
