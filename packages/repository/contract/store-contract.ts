import type { Skip, StoreContract } from './adapter.ts';
import { type StoreTest, withSubject } from './subject.ts';
import { storeTests } from './store-tests.ts';

/**
 * Registers the whole suite with mocha as one `describe`: R1 to R22 of the store's requirements, and R23 to R26 for what
 * the port promises besides. Each test has a place of its own and disposes what it opened there, also when it fails.
 *
 * The environment variable LONG, set to anything, runs the long scale: minutes instead of seconds.
 */
export function storeContract(contract: StoreContract): void {
  refuseBadSkips(contract);
  describe(`${contract.name}: store contract`, () => {
    for (const test of storeTests) {
      const skip = contract.skip.find((entry) => isOf(test, entry.test));
      if (skip !== undefined) it.skip(`${test.id} ${test.title} (${skip.reason})`);
      else it(`${test.id} ${test.title}`, () => withSubject(contract, test)).timeout(test.timeoutMs);
    }
  });
}

/** Skips the whole suite, for a server that is not there. */
export function everyTest(reason: string): readonly Skip[] {
  return storeTests.map(({ id }) => ({ test: id, reason }));
}

function isOf(test: StoreTest, id: string): boolean {
  return test.id === id || test.id.startsWith(`${id}.`);
}

function refuseBadSkips({ name, skip }: StoreContract): void {
  for (const { test: id, reason } of skip) {
    if (!storeTests.some((test) => isOf(test, id))) throw new Error(`${name}: there is no test ${id} to skip`);
    if (!/^[^()]+$/.test(reason)) throw new Error(`${name}: skipping ${id} needs a reason without brackets`);
  }
}
