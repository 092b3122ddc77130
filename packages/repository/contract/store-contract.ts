import { CLEAN_UP_MS, refuseBadSkips, skipAll, skipOf, type Skip } from '@product-updates/queue/contract';
import type { StoreContract } from './adapter.ts';
import { withSubject } from './subject.ts';
import { storeTests } from './store-tests.ts';

/**
 * Registers the whole suite with mocha as one `describe`: R1 to R29 of the store's requirements. Each test has a place of its own and disposes what it opened there, also when it fails. It
 * fails in time where the adapter hangs, and stops what it began, so that the process can end.
 *
 * The environment variable LONG, set to anything, runs the long scale: minutes instead of seconds.
 */
export function storeContract(contract: StoreContract): void {
  refuseBadSkips(contract.name, storeTests, contract.skip);
  describe(`${contract.name}: store contract`, () => {
    for (const test of storeTests) {
      const skip = skipOf(test, contract.skip);
      if (skip !== undefined) it.skip(`${test.id} ${test.title} (${skip.reason})`);
      else it(`${test.id} ${test.title}`, () => withSubject(contract, test)).timeout(test.timeoutMs + 4 * CLEAN_UP_MS);
    }
  });
}

/** Skips the whole contract: where the adapter's server does not answer, so that nothing can be tried. */
export function everyTest(reason: string): readonly Skip[] {
  return skipAll(storeTests, reason);
}
