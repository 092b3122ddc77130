import { expect } from 'chai';
import type { Queue } from '../src/index.ts';
import type { Declared, QueueContract, Refusal } from './adapter.ts';
import { boundQueue } from './bounded-queue.ts';
import { CLEAN_UP_MS, runBounded, type Bounds, type TestLimits } from './bounds.ts';
import type { Place, QueueFaults } from './place.ts';

/** One test of the suite. */
export interface QueueTest {
  /** `Q6`, or `Q3.2` where a requirement has several. */
  readonly id: string;
  readonly title: string;
  readonly timeoutMs: number;
  /** Of the place it runs on; 1,000 unless given. */
  readonly capacity?: number;
  readonly run: (subject: Subject) => Promise<void>;
}

/** What a test works on: an empty place, and the queues that it opens there. */
export interface Subject {
  readonly declared: Required<Declared>;
  readonly capacity: number;
  /** A queue on the place, disposed after the test. */
  open(): Promise<Queue<Uint8Array>>;
  openMany(count: number): Promise<readonly Queue<Uint8Array>[]>;
  /** The fault of that name. A test that asks for one which the adapter lacks fails, and says how to skip it. */
  fault<K extends keyof QueueFaults>(name: K): NonNullable<QueueFaults[K]>;
  refusals(): readonly Refusal[];
}

const CAPACITY = 1000;

/** So long a call that waits for nobody may take, beside the time-out that the adapter declares. */
const CALL_MS = 20_000;

/**
 * Runs the test on a new place; what it opened is disposed and the place removed also when it fails. Rejects in any case
 * within the limits, whatever the adapter does.
 */
export async function withSubject(
  contract: QueueContract,
  test: QueueTest,
  { timeoutMs = test.timeoutMs, cleanUpMs = CLEAN_UP_MS }: Partial<TestLimits> = {},
): Promise<void> {
  await runBounded(test.id, { timeoutMs, cleanUpMs }, async (bounds) => {
    const place = await contract.place({ capacity: test.capacity ?? CAPACITY, test: test.id });
    const opened: Queue<Uint8Array>[] = [];
    return {
      run: () => test.run(subjectOf(contract, test, place, opened, bounds)),
      cleanUp: [
        ['healing the network', () => place.faults.network?.heal()],
        ['resuming the server', () => place.faults.server?.resume()],
        ['dispose', () => Promise.allSettled(opened.map((queue) => queue[Symbol.asyncDispose]()))],
        ['removing the place', () => place.remove()],
      ],
    };
  });
}

function subjectOf(
  contract: QueueContract,
  test: QueueTest,
  place: Place,
  opened: Queue<Uint8Array>[],
  bounds: Bounds,
): Subject {
  const state = { closed: false };
  const callMs = contract.declared.timeoutMs + CALL_MS;
  async function open(): Promise<Queue<Uint8Array>> {
    const { queue, durability } = await place.open();
    opened.push(queue);
    expect(durability, 'the durability that open answered').to.equal(contract.declared.durability);
    return boundQueue(queue, { bounds, callMs, state });
  }
  function need<T>(what: string, given: T | undefined): T {
    if (given !== undefined) return given;
    throw new Error(`${test.id} needs ${what}: give it, or skip ${test.id} by name with the reason`);
  }
  return {
    declared: { ...unlessDeclared, ...contract.declared },
    capacity: test.capacity ?? CAPACITY,
    open,
    openMany: (count) => Promise.all(Array.from({ length: count }, () => open())),
    fault: (name) => need(`faults.${name}`, place.faults[name] as NonNullable<QueueFaults[typeof name]> | undefined),
    refusals: () => need('refusals', contract.refusals),
  };
}

const unlessDeclared = {
  recoveryMs: 10_000,
  overshoot: 0,
  prefetch: 0,
  maxBodyBytes: Number.POSITIVE_INFINITY,
  runs: { quick: 500, long: 20_000 },
};
