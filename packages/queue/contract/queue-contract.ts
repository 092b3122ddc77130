import { durabilities } from '../src/index.ts';
import type { QueueContract } from './adapter.ts';
import { queueTests } from './queue-tests.ts';
import { CLEAN_UP_MS, type TestLimits } from './bounds.ts';
import { refuseBadSkips, skipAll, skipOf, type Skip } from './skips.ts';
import { withSubject, type QueueTest } from './subject.ts';

/**
 * Registers the whole suite with mocha as one `describe`: Q1 to Q32 of the queue's requirements, and Q33 and on for what
 * the port promises besides. Each test has a place of its own and disposes what it opened there, also when it fails. It
 * fails in time where the adapter hangs, and stops what it began, so that the process can end.
 *
 * The environment variable LONG, set to anything, runs the long scale: minutes instead of seconds.
 */
export function queueContract(contract: QueueContract): void {
  refuseBadDeclaration(contract);
  describe(`${contract.name}: queue contract`, () => {
    for (const test of queueTests) {
      const skip = skipOf(test, contract.skip);
      if (skip !== undefined) it.skip(`${test.id} ${test.title} (${skip.reason})`);
      else it(`${test.id} ${test.title}`, () => runQueueTest(contract, test)).timeout(test.timeoutMs + 4 * CLEAN_UP_MS);
    }
  });
}

/** Runs one test outside of mocha: rejects as the test does, and within its limits. */
export function runQueueTest(contract: QueueContract, test: QueueTest, limits?: Partial<TestLimits>): Promise<void> {
  return withSubject(contract, test, limits);
}

/** Skips the whole contract: where the adapter's server does not answer, so that nothing can be tried. */
export function everyTest(reason: string): readonly Skip[] {
  return skipAll(queueTests, reason);
}

/** What is not declared is not tested, and the other way round: a declaration cannot differ from what was tried. */
const testsOfPromise = {
  keepsOrder: ['Q3.1', 'Q15'],
  allOrNone: ['Q3.2'],
  keepsAttempts: ['Q21.2'],
} as const;

/** Throws for a declaration that differs from what is tried. Where nothing is, anything may be declared. */
export function refuseBadDeclaration({ name, declared, skip }: QueueContract): void {
  const { durability } = declared;
  if (!durabilities.includes(durability)) throw new Error(`${name}: no such durability: ${durability}`);
  refuseBadSkips(name, queueTests, skip);
  if (queueTests.every((test) => skipOf(test, skip) !== undefined)) return;
  for (const promise of Object.keys(testsOfPromise) as (keyof typeof testsOfPromise)[]) {
    for (const id of testsOfPromise[promise]) {
      const skipped = skipOf({ id }, skip) !== undefined;
      if (skipped === !declared[promise]) continue;
      const mend = declared[promise] ? `${id} must not be skipped` : `${id} must be skipped, with the reason`;
      throw new Error(`${name}: as it declares ${promise}: ${declared[promise]}, ${mend}`);
    }
  }
}
