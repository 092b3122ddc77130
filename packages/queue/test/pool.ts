import { expect } from 'chai';
import { createVirtualClock, type VirtualClock } from '@product-updates/queue/contract';
import { createWorkerPool, type GivenBack, type WorkerPool, type WorkerPoolOptions } from '@product-updates/queue';

export interface Item {
  readonly key: string;
  readonly n: number;
}

/** `a1 a2 b1` */
export function items(text: string): Item[] {
  return text.split(' ').map((word) => ({ key: word[0]!, n: Number(word.slice(1)) }));
}

function text(items: readonly Item[]): string {
  return items.map(({ key, n }) => key + n).join(' ');
}

/** A batch that is being worked on until the test ends it. */
export interface OpenBatch {
  readonly text: string;
  done(givenBack?: readonly GivenBack<Item>[]): Promise<void>;
  fail(error: unknown): Promise<void>;
}

export interface TestPool {
  readonly pool: WorkerPool<Item>;
  readonly clock: VirtualClock;
  /** Batches that were started and not ended, in the order they were. */
  readonly open: OpenBatch[];
  readonly errors: unknown[];
  readonly signals: AbortSignal[];
}

/** A pool whose work waits for the test. */
export function createTestPool(options: Partial<WorkerPoolOptions<Item>> = {}): TestPool {
  const clock = createVirtualClock();
  const open: OpenBatch[] = [];
  const errors: unknown[] = [];
  const signals: AbortSignal[] = [];
  const pool = createWorkerPool<Item>({
    lanes: 1,
    batchMax: 100,
    keyOf: (item) => item.key,
    clock,
    onError: (error) => errors.push(error),
    work: (batch, signal) => {
      signals.push(signal);
      return new Promise((resolve, reject) => {
        const end = async (settle: () => void): Promise<void> => {
          open.splice(open.indexOf(openBatch), 1);
          settle();
          await clock.settle();
        };
        const openBatch: OpenBatch = {
          text: text(batch),
          done: (givenBack = []) => end(() => resolve(givenBack)),
          fail: (error) => end(() => reject(error)),
        };
        open.push(openBatch);
      });
    },
    ...options,
  });
  return { pool, clock, open, errors, signals };
}

/** The only batch that is open. */
export function only({ open }: TestPool): OpenBatch {
  expect(open.length, `open: ${open.map(({ text }) => text).join(' | ')}`).to.equal(1);
  return open[0]!;
}

/** Submits the items as one turn of their own. */
export async function submit({ pool, clock }: TestPool, text: string): Promise<void> {
  pool.submit(items(text));
  await clock.settle();
}
