import { join } from 'node:path';
import { createPackedEventCodec, createStamper, createVersionClock, type ProductEvent } from '@product-updates/domain';
import { createMemoryQueue, noHeaders, systemClock, type Queue } from '@product-updates/queue';
import { openLmdbQueue } from '@product-updates/queue-lmdb';
import { BATCH_MAX, LANES } from '../subjects/service-defaults.ts';
import { createDataFolder } from './data-folder.ts';

export interface QueueJob {
  readonly rounds: number;
  /** Messages that pass in each run. */
  readonly singles: number;
  readonly arrays: number;
}

export interface QueueRun {
  readonly perSecond: number;
  /** CPU time of the process, in milliseconds per 1,000 messages. */
  readonly cpuMs: number;
}

/** One run a round. */
export type QueueResult = Readonly<Record<QueueCase, Readonly<Record<'lmdb' | 'memory', readonly QueueRun[]>>>>;

export const queueCases = ['64 × 1', '4 × 1,000'] as const;
export type QueueCase = (typeof queueCases)[number];

interface Shape {
  readonly publishers: number;
  readonly length: number;
}

const shapes: Readonly<Record<QueueCase, Shape>> = {
  '64 × 1': { publishers: 64, length: 1 },
  '4 × 1,000': { publishers: 4, length: 1000 },
};

/** Published, received in batches and acknowledged, in a queue on the disk and in one in memory by turns. */
export async function measureLmdbQueue({ rounds, singles, arrays }: QueueJob): Promise<QueueResult> {
  using folder = createDataFolder();
  const now = (): number => systemClock.now();
  const context = { codec: createPackedEventCodec({ now }), clock: systemClock };
  const opened = await openLmdbQueue<ProductEvent>(new URL(`lmdb:${join(folder.path, 'queue')}`), context);
  await using lmdb = opened.queue;
  await using memory = createMemoryQueue<unknown>({ capacity: 100_000, clock: systemClock });
  const result = { '64 × 1': { lmdb: [], memory: [] }, '4 × 1,000': { lmdb: [], memory: [] } } as {
    [N in QueueCase]: Record<'lmdb' | 'memory', QueueRun[]>;
  };
  for (let round = 0; round <= rounds; round += 1) {
    for (const name of queueCases) {
      const messages = name === '64 × 1' ? singles : arrays;
      const runs = {
        lmdb: await pass(lmdb, shapes[name], messages),
        memory: await pass(memory, shapes[name], messages),
      };
      // The first round warms up.
      if (round > 0) for (const queue of ['lmdb', 'memory'] as const) result[name][queue].push(runs[queue]);
    }
  }
  return result;
}

async function pass<T>(
  queue: Queue<T | ProductEvent>,
  { publishers, length }: Shape,
  messages: number,
): Promise<QueueRun> {
  const events = eventsOf(length);
  const batch = events.map((body) => ({ key: body.product_id, body, headers: noHeaders }));
  globalThis.gc?.();
  const cpu = process.cpuUsage();
  const startedAt = performance.now();
  const passage = createPassage(Math.ceil(messages / length) * length);
  async function publish(): Promise<void> {
    while (await passage.mayPublish(length)) await queue.publish(batch);
  }
  async function consume(): Promise<void> {
    try {
      for (;;) {
        const deliveries = await queue.receive(BATCH_MAX, { signal: passage.over });
        await queue.ack(deliveries);
        passage.acked(deliveries.length);
      }
    } catch (error) {
      if (!passage.over.aborted) throw error;
    }
  }
  await Promise.all([...Array.from({ length: CONSUMERS }, consume), ...Array.from({ length: publishers }, publish)]);
  const seconds = (performance.now() - startedAt) / 1000;
  const { user, system } = process.cpuUsage(cpu);
  return { perSecond: passage.total / seconds, cpuMs: (user + system) / passage.total };
}

/** As many messages are held at a time as the pipeline holds with its usual window. */
const CONSUMERS = LANES * 4;
/** Published and not acknowledged at most: the queue is never full. */
const AHEAD_MAX = 20_000;

interface Passage {
  readonly total: number;
  /** Fires when all were acknowledged. */
  readonly over: AbortSignal;
  /** Waits while too many are ahead; false when all were published. */
  mayPublish(count: number): Promise<boolean>;
  acked(count: number): void;
}

function createPassage(total: number): Passage {
  const over = new AbortController();
  let [published, settled] = [0, 0];
  let nextAck = Promise.withResolvers<void>();
  return {
    total,
    over: over.signal,
    async mayPublish(count) {
      while (published - settled > AHEAD_MAX) await nextAck.promise;
      if (published === total) return false;
      published += count;
      return true;
    },
    acked(count) {
      settled += count;
      nextAck.resolve();
      nextAck = Promise.withResolvers();
      if (settled === total) over.abort();
    },
  };
}

function eventsOf(length: number): ProductEvent[] {
  const now = (): number => systemClock.now();
  const stamper = createStamper({ clock: createVersionClock({ now }), now });
  return stamper.stampAll(
    Array.from({ length }, (_, index) => ({ product_id: `product-${index}`, price: 19.99, stock: index })),
  );
}
