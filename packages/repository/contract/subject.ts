import { CLEAN_UP_MS, runBounded, type Bounds, type TestLimits } from '@product-updates/queue/contract';
import { expect } from 'chai';
import type { Store } from '../src/index.ts';
import type { Declared, ErrorTable, StoreContract } from './adapter.ts';
import { boundStore } from './bounded-store.ts';
import type { Place, PlaceOptions, StoreFaults } from './place.ts';

/** One test of the suite. */
export interface StoreTest {
  /** `R6`, or `R10.2` where a requirement has several. */
  readonly id: string;
  readonly title: string;
  readonly timeoutMs: number;
  readonly run: (subject: Subject) => Promise<void>;
}

/** What a test works on: an empty place, and the stores that it opens there. */
export interface Subject {
  readonly declared: Required<Declared>;
  /** A connection to the place's data, disposed after the test. */
  open(options?: Partial<PlaceOptions>): Promise<Store>;
  openMany(count: number, options?: Partial<PlaceOptions>): Promise<readonly Store[]>;
  /** The fault of that name. A test that asks for one which the adapter lacks fails, and says how to skip it. */
  fault<K extends keyof StoreFaults>(name: K): NonNullable<StoreFaults[K]>;
  errors(): ErrorTable;
  refusals(): NonNullable<StoreContract['refusals']>;
}

/** Unless a test asks for others. The time-out is one that a loaded machine does not reach. */
const usual: PlaceOptions = { deadLetterMax: 10_000, timeoutMs: 10_000 };

/** So long a call may take, beside its time-out. */
const CALL_MS = 20_000;

/**
 * Runs the test on a new place; what it opened is disposed and the place removed also when it fails. Rejects in any case
 * within the limits, whatever the adapter does.
 */
export async function withSubject(
  contract: StoreContract,
  test: StoreTest,
  { timeoutMs = test.timeoutMs, cleanUpMs = CLEAN_UP_MS }: Partial<TestLimits> = {},
): Promise<void> {
  await runBounded(test.id, { timeoutMs, cleanUpMs }, async (bounds) => {
    const place = await contract.place(test.id);
    const opened: Store[] = [];
    return {
      run: () => test.run(subjectOf(contract, test, place, opened, bounds)),
      cleanUp: [
        ['healing the network', () => place.faults.network?.heal()],
        ['resuming the server', () => place.faults.server?.resume()],
        ['dispose', () => Promise.allSettled(opened.map((store) => store[Symbol.asyncDispose]()))],
        ['removing the place', () => place.remove()],
      ],
    };
  });
}

function subjectOf(contract: StoreContract, test: StoreTest, place: Place, opened: Store[], bounds: Bounds): Subject {
  async function open(options: Partial<PlaceOptions> = {}): Promise<Store> {
    const all = { ...usual, ...options };
    const { store, durability } = await place.open(all);
    opened.push(store);
    expect(durability, 'the durability that open answered').to.equal(contract.declared.durability);
    return boundStore(store, bounds, all.timeoutMs + CALL_MS);
  }
  function need<T>(what: string, given: T | undefined): T {
    if (given !== undefined) return given;
    throw new Error(`${test.id} needs ${what}: give it, or skip ${test.id} by name with the reason`);
  }
  return {
    declared: { recoveryMs: 5000, roundTripsPerBatch: 1, runs: { quick: 100, long: 500 }, ...contract.declared },
    open,
    openMany: (count, options) => Promise.all(Array.from({ length: count }, () => open(options))),
    fault: (name) => need(`faults.${name}`, place.faults[name] as NonNullable<StoreFaults[typeof name]> | undefined),
    errors: () => need('errors', contract.errors),
    refusals: () => need('refusals', contract.refusals),
  };
}
