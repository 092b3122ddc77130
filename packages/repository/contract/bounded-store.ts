import { setImmediate } from 'node:timers/promises';
import type { Bounds } from '@product-updates/queue/contract';
import type { Store } from '../src/index.ts';

/** How many calls in one turn of the event loop: one that always answers at once must not stop all timers. */
const CALLS_A_TURN = 1000;

/** The same store for a test, whose calls end with it, and each within the time. */
export function boundStore(store: Store, bounds: Bounds, limitMs: number): Store {
  let calls = 0;
  const bound =
    <A extends readonly unknown[], T>(what: string, call: (...args: A) => PromiseLike<T>) =>
    (...args: A): Promise<T> => {
      const perform = async (): Promise<T> => call(...args);
      calls += 1;
      return bounds.call(what, calls % CALLS_A_TURN === 0 ? () => setImmediate().then(perform) : perform, { limitMs });
    };
  const { products, deadLetters } = store;
  return {
    products: {
      get: bound('get', (id) => products.get(id)),
      getMany: bound('getMany', (ids) => products.getMany(ids)),
      apply: bound('apply', (records) => products.apply(records)),
    },
    deadLetters: {
      add: bound('add', (letter) => deadLetters.add(letter)),
      list: bound('list', (page) => deadLetters.list(page)),
      get: bound('get of a letter', (id) => deadLetters.get(id)),
      remove: bound('remove', (id) => deadLetters.remove(id)),
      count: bound('count', () => deadLetters.count()),
    },
    highestVersion: bound('highestVersion', () => store.highestVersion()),
    ping: bound('ping', () => store.ping()),
    [Symbol.asyncDispose]: bound('dispose', () => store[Symbol.asyncDispose]()),
  };
}
