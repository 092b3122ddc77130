import { once } from 'node:events';
import type { RunningServer } from '../process/server.ts';
import type { LoadedStoreJob, LoadedStoreMessage } from '../subjects/loaded-store.ts';
import { startSubject } from '../subjects/subject.ts';
import { createHttpReader } from './http-reader.ts';
import { paced, type PacedResult } from './paced.ts';
import { createWorkload } from './workload.ts';

export interface ReadOptions extends LoadedStoreJob {
  readonly source: boolean;
}

export interface ReadResult {
  readonly applied: PacedResult;
  /** By the store's own `get`, in the process that applies. */
  readonly get: PacedResult;
  /** By HTTP, from another process. */
  readonly http: PacedResult;
}

/** One round against one store, which is empty. Process and connections are fresh. */
export async function measureReads(storeUrl: URL, { source, ...job }: ReadOptions): Promise<ReadResult> {
  await using server = await startSubject('loaded-store', { source, core: null, env: { STORE_URL: storeUrl.href } });
  const filled = nextMessage(server);
  server.process.send(job);
  await filled;
  const done = nextMessage(server);
  const [message, http] = await Promise.all([done, readOverHttp(server.port, job)]);
  if (message.type !== 'done') throw new Error('the store was filled twice');
  return { applied: message.applied, get: message.reads, http };
}

type Message = Exclude<LoadedStoreMessage, { readonly type: 'failed' }>;

async function nextMessage({ process: child }: RunningServer): Promise<Message> {
  const ended = once(child, 'exit').then(() => ({ type: 'failed', error: 'the process ended' }) as const);
  const message = await Promise.race([once(child, 'message').then(([value]) => value as LoadedStoreMessage), ended]);
  if (message.type === 'failed') throw new Error(message.error);
  return message;
}

async function readOverHttp(port: number, job: LoadedStoreJob): Promise<PacedResult> {
  const { products, readsPerSecond, durationMs } = job;
  const workload = createWorkload({ name: 'product', products, batchSize: 1 });
  using reader = createHttpReader(port);
  return await paced({
    perSecond: readsPerSecond,
    durationMs,
    concurrency: Number.POSITIVE_INFINITY,
    act: (number) => reader.read(`/products/${workload.productId(number * 7907)}`),
  });
}
