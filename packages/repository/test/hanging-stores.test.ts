import { expect } from 'chai';
import { createMemoryStore, type Store } from '@product-updates/repository';
import type { StoreContract } from '@product-updates/repository/contract';
import { storeTests } from '../contract/store-tests.ts';
import { withSubject } from '../contract/subject.ts';

const never = (): Promise<never> => new Promise(() => {});

type Change = (store: Store) => Partial<Store>;

/** New adapters that would make a careless suite hang, and what one test must say. */
const hanging: readonly (readonly [how: string, change: Change, id: string, says: RegExp])[] = [
  ['get never resolves', ({ products }) => ({ products: { ...products, get: never } }), 'R2', /waits for get/],
  ['apply never resolves', ({ products }) => ({ products: { ...products, apply: never } }), 'R2', /waits for apply/],
  ['dispose hangs', () => ({ [Symbol.asyncDispose]: never }), 'R2', /R2: dispose has not settled/],
  ['every fault is missing', () => ({}), 'R18', /R18 needs faults\.server: give it, or skip R18 by name/],
];

/** It skips nothing, as an author would begin. */
function contractOf(change: Change): StoreContract {
  return {
    name: 'hanging',
    declared: { durability: 'none', runs: { quick: 20, long: 20 } },
    async place() {
      const sound = createMemoryStore();
      const store = { ...sound, ...change(sound) };
      return {
        open: async () => ({ store, durability: 'none', description: 'hanging' }),
        remove: async () => {},
        faults: {},
      };
    },
    skip: [],
  };
}

describe('the store contract never hangs', function () {
  this.timeout(60_000);
  for (const [how, change, id, says] of hanging) {
    it(`on a store of which ${how}`, async () => {
      const ends = new Map<string, string>();
      const limits = { timeoutMs: 3000, cleanUpMs: 500 };
      await Promise.all(
        storeTests.map(async (test) => {
          const end = await withSubject(contractOf(change), test, limits).then(() => 'passed', String);
          ends.set(test.id, end);
        }),
      );
      expect(ends.size).to.equal(storeTests.length);
      expect(ends.get(id)).to.match(says);
    });
  }
});
