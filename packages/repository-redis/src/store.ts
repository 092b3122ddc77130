import type { Version } from '@product-updates/domain';
import type { Store } from '@product-updates/repository';
import { createRedisDeadLetters } from './dead-letters.ts';
import { createRedisProducts, type ProductsOptions } from './products.ts';

export interface StoreOptions extends ProductsOptions {
  readonly deadLetterMax: number;
}

/**
 * Writes nothing, and yet is refused where a write would be: Redis looks at a script with a first line like this before it
 * runs it (manual, "Eval scripts"), and answers OOM, MISCONF, NOREPLICAS or READONLY.
 */
const wouldWrite = '#!lua\nreturn 1';

/** The connection is its own from now on. */
export function createRedisStore(options: StoreOptions): Store {
  const { connection, keys, deadLetterMax } = options;
  return {
    products: createRedisProducts(options),
    deadLetters: createRedisDeadLetters({ connection, keys, max: deadLetterMax }),
    highestVersion: () =>
      connection.read(async (wire) => {
        return Number((await wire.send(keys.highestVersion, ['GET', keys.highestVersion])) ?? 0) as Version;
      }),
    async ping() {
      await Promise.all([
        connection.read((wire) => wire.sendToAll(['PING'])),
        connection.write((wire) => wire.sendToAll(['EVAL', wouldWrite, '0'])),
      ]);
    },
    [Symbol.asyncDispose]: () => connection[Symbol.asyncDispose](),
  };
}
