import { durabilities } from '../src/index.ts';
import type { Declared, Place, Refusal } from './place.ts';
import { queueTests } from './queue-tests.ts';
import { withSubject, type QueueTest } from './subject.ts';

/** A behaviour that an adapter cannot have or cannot be tested for. */
export interface Skip {
  /** One test (`Q3.2`) or all of a requirement (`Q3`). */
  readonly test: string;
  /** Why, without brackets: it becomes the last brackets of the skipped test's title, which the summary prints. */
  readonly reason: string;
}

/** An adapter and what the suite needs to try it. */
export interface QueueContract {
  /** Of the adapter, as it shall stand in the titles. */
  readonly name: string;
  readonly declared: Declared;
  /** A place with no message in it, for at most `capacity`; called once for each test. */
  readonly place: (options: { readonly capacity: number }) => Promise<Place>;
  /** Q31: servers that the opener must refuse. */
  readonly refusals?: readonly Refusal[];
  /** Every test that needs something which is not given or not declared must stand here, else the suite says so. */
  readonly skip: readonly Skip[];
}

/**
 * Registers the whole suite with mocha as one `describe`: Q1 to Q32 of the queue's requirements, and Q33 and on for what
 * the port promises besides. Each test has a place of its own and disposes what it opened there, also when it fails.
 *
 * The environment variable LONG, set to anything, runs the long scale: minutes instead of seconds.
 */
export function queueContract(contract: QueueContract): void {
  refuseBadDeclaration(contract);
  describe(`${contract.name}: queue contract`, () => {
    for (const test of queueTests) {
      const skip = contract.skip.find((entry) => isOf(test, entry.test));
      if (skip !== undefined) it.skip(`${test.id} ${test.title} (${skip.reason})`);
      else it(`${test.id} ${test.title}`, () => runQueueTest(contract, test)).timeout(test.timeoutMs);
    }
  });
}

/** Runs one test outside of mocha: rejects as the test does. */
export function runQueueTest(contract: QueueContract, test: QueueTest): Promise<void> {
  return withSubject(contract, test);
}

/** What is not declared is not tested, and the other way round: a declaration cannot differ from what was tried. */
const testsOfPromise = {
  keepsOrder: ['Q3.1', 'Q15'],
  allOrNone: ['Q3.2'],
  keepsAttempts: ['Q21.2'],
} as const;

function isOf(test: QueueTest, id: string): boolean {
  return test.id === id || test.id.startsWith(`${id}.`);
}

function refuseBadDeclaration({ name, declared, skip }: QueueContract): void {
  const { durability } = declared;
  if (!durabilities.includes(durability)) throw new Error(`${name}: no such durability: ${durability}`);
  for (const { test: id, reason } of skip) {
    if (!queueTests.some((test) => isOf(test, id))) throw new Error(`${name}: there is no test ${id} to skip`);
    if (!/^[^()]+$/.test(reason)) throw new Error(`${name}: skipping ${id} needs a reason without brackets`);
  }
  for (const promise of Object.keys(testsOfPromise) as (keyof typeof testsOfPromise)[]) {
    for (const id of testsOfPromise[promise]) {
      const skipped = skip.some(({ test }) => id === test || id.startsWith(`${test}.`));
      if (skipped === !declared[promise]) continue;
      const mend = declared[promise] ? `${id} must not be skipped` : `${id} must be skipped, with the reason`;
      throw new Error(`${name}: as it declares ${promise}: ${declared[promise]}, ${mend}`);
    }
  }
}
