import type { Declared, Place, Refusal } from './place.ts';
import { type StoreTest, withSubject } from './subject.ts';
import { storeTests } from './store-tests.ts';

/** A behaviour that an adapter cannot have or cannot be tested for. */
export interface Skip {
  /** One test (`R10.2`) or all of a requirement (`R10`). */
  readonly test: string;
  /** Why, without brackets: it becomes the last brackets of the skipped test's title, which the summary prints. */
  readonly reason: string;
}

/** An adapter and what the suite needs to try it. */
export interface StoreContract {
  /** Of the adapter, as it shall stand in the titles. */
  readonly name: string;
  readonly declared: Declared;
  /** A place with no data in it, called once for each test. */
  readonly place: () => Promise<Place>;
  /** R13: the table by which native errors become ours. */
  readonly errors?: ErrorTable;
  /** R20: servers and data that the opener must refuse. */
  readonly refusals?: readonly Refusal[];
  /** Every test that needs something which is not given must stand here, else it fails and says what it needs. */
  readonly skip: readonly Skip[];
}

/** R13: every kind of error that the client library throws. */
export interface ErrorTable {
  /** The function of the adapter's `errors.ts`. */
  readonly translate: (native: unknown) => unknown;
  readonly rows: readonly {
    readonly name: string;
    readonly native: unknown;
    readonly code: 'unavailable' | 'invalid' | 'misconfigured' | 'full' | 'closed';
  }[];
}

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

function isOf(test: StoreTest, id: string): boolean {
  return test.id === id || test.id.startsWith(`${id}.`);
}

function refuseBadSkips({ name, skip }: StoreContract): void {
  for (const { test: id, reason } of skip) {
    if (!storeTests.some((test) => isOf(test, id))) throw new Error(`${name}: there is no test ${id} to skip`);
    if (!/^[^()]+$/.test(reason)) throw new Error(`${name}: skipping ${id} needs a reason without brackets`);
  }
}
