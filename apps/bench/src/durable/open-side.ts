import type { OpenedStore } from '@product-updates/repository';
import type { Side } from './contest.ts';

/** One of our stores as a side of a contest. */
export interface OpenSide extends Side, AsyncDisposable {}

export function sideOf({ store }: OpenedStore): OpenSide {
  return {
    prepare: (records) => async () => (await store.products.apply(records)).length,
    [Symbol.asyncDispose]: async () => store[Symbol.asyncDispose](),
  };
}
