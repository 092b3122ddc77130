import { setImmediate } from 'node:timers/promises';
import { codeOf } from '@product-updates/errors';
import {
  createWorkerPool,
  noHeaders,
  systemClock,
  type Delivery,
  type Message,
  type Queue,
  type WorkerPool,
} from '../src/index.ts';
import { outcomeOf } from './observe.ts';

export type Bytes = Queue<Uint8Array>;

/** A message whose body is its id. */
export function messageOf(id: string, key: string = id): Message<Uint8Array> {
  return { key, body: new TextEncoder().encode(id), headers: noHeaders };
}

export function idOf({ body }: Delivery<Uint8Array>): string {
  return new TextDecoder().decode(body);
}

export function idsOf(deliveries: readonly Delivery<Uint8Array>[]): string[] {
  return deliveries.map(idOf);
}

/** `a0`, `a1`, … */
export function idsFrom(prefix: string, count: number): string[] {
  return Array.from({ length: count }, (_, i) => `${prefix}${i}`);
}

export function chunksOf<T>(items: readonly T[], size: number): T[][] {
  return Array.from({ length: Math.ceil(items.length / size) }, (_, i) => items.slice(i * size, (i + 1) * size));
}

/** Publishes them all in order, waiting for room while the queue is full. */
export async function publishAll(queue: Bytes, messages: readonly Message<Uint8Array>[], chunk = 20): Promise<void> {
  for (const part of chunksOf(messages, chunk)) {
    for (;;) {
      const outcome = await outcomeOf(queue.publish(part));
      if (outcome.ok) break;
      if (codeOf(outcome.error) !== 'full') throw outcome.error;
      await setImmediate();
    }
  }
}

/** Receives until it has `count` deliveries; rejects when they do not come in time. */
export async function take(queue: Bytes, count: number, deadlineMs = 5000): Promise<Delivery<Uint8Array>[]> {
  const taken: Delivery<Uint8Array>[] = [];
  const signal = AbortSignal.timeout(deadlineMs);
  while (taken.length < count) {
    const outcome = await outcomeOf(queue.receive(count - taken.length, { signal }));
    if (!outcome.ok && signal.aborted) throw new Error(`${taken.length} of ${count} came in ${deadlineMs} ms`);
    if (!outcome.ok) throw outcome.error;
    if (outcome.value.length === 0) throw new Error(`the queue ended after ${taken.length} of ${count}`);
    taken.push(...outcome.value);
  }
  return taken;
}

/** Receives and acks until it has seen all these ids, in any order and however often; answers all it saw, in order. */
export async function takeIds(queue: Bytes, ids: Iterable<string>, deadlineMs = 5000): Promise<string[]> {
  const missing = new Set(ids);
  const seen: string[] = [];
  const signal = AbortSignal.timeout(deadlineMs);
  while (missing.size > 0) {
    const outcome = await outcomeOf(queue.receive(100, { signal }));
    if (!outcome.ok && !signal.aborted) throw outcome.error;
    if (!outcome.ok) throw new Error(`missing after ${deadlineMs} ms: ${[...missing].slice(0, 5).join()}`);
    if (outcome.value.length === 0) throw new Error(`the queue ended; missing: ${[...missing].slice(0, 5).join()}`);
    for (const id of idsOf(outcome.value)) missing.delete(id);
    seen.push(...idsOf(outcome.value));
    await queue.ack(outcome.value);
  }
  return seen;
}

/** Expects that nothing is delivered for so long. */
export async function nothingComes(queue: Bytes, ms: number): Promise<void> {
  const signal = AbortSignal.timeout(ms);
  const outcome = await outcomeOf(queue.receive(1, { signal }));
  if (outcome.ok) throw new Error(`it came: ${idsOf(outcome.value).join()}`);
  if (!signal.aborted) throw outcome.error;
}

export interface Workers extends AsyncDisposable {
  readonly pool: WorkerPool<Delivery<Uint8Array>>;
  /** Closes the queue and waits until everything in it is worked on and acked. */
  drain(): Promise<void>;
}

/** Lanes over a queue, as a pipeline has them: at most `window` deliveries inside; each batch is acked when worked. */
export function startWorkers(
  queue: Bytes,
  options: {
    readonly lanes: number;
    readonly batchMax?: number;
    readonly window?: number;
    readonly work: (batch: readonly Delivery<Uint8Array>[]) => Promise<void> | void;
  },
): Workers {
  const { lanes, batchMax = 50, window = 200, work } = options;
  const abort = new AbortController();
  let failure: unknown;
  let gotRoom = (): void => undefined;
  const pool = createWorkerPool<Delivery<Uint8Array>>({
    lanes,
    batchMax,
    keyOf: ({ key }) => key,
    clock: systemClock,
    onError: (error) => {
      failure ??= error;
      abort.abort(error);
      gotRoom();
    },
    async work(batch) {
      await work(batch);
      await queue.ack(batch);
      gotRoom();
      return [];
    },
  });
  const feeding = feed();

  async function feed(): Promise<void> {
    for (;;) {
      while (pool.size >= window && !abort.signal.aborted) {
        await new Promise<void>((resolve) => {
          gotRoom = resolve;
        });
        await setImmediate();
      }
      const outcome = await outcomeOf(queue.receive(window - pool.size, { signal: abort.signal }));
      if (!outcome.ok && !abort.signal.aborted) failure ??= outcome.error;
      if (!outcome.ok || outcome.value.length === 0) return;
      pool.submit(outcome.value);
    }
  }

  return {
    pool,
    async drain() {
      queue.close();
      await feeding;
      if (failure instanceof Error) throw failure;
      await pool.drain();
    },
    async [Symbol.asyncDispose]() {
      abort.abort();
      gotRoom();
      await pool[Symbol.asyncDispose]();
      await feeding;
    },
  };
}
