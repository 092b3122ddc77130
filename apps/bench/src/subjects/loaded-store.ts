/**
 * The service's HTTP layer in front of the store that STORE_URL names. Told by IPC, it applies updates to that store at
 * a steady rate and reads single products meanwhile; how that went goes back.
 */
import { systemClock } from '@product-updates/queue';
import type { OpenStore } from '@product-updates/repository';
import { paced, type PacedResult } from '../durable/paced.ts';
import { createWorkload, type Workload } from '../durable/workload.ts';
import { startBackend } from './backend.ts';
import { serve } from './serve.ts';
import { BATCH_MAX, LANES } from './service-defaults.ts';

export interface LoadedStoreJob {
  readonly products: number;
  readonly updatesPerSecond: number;
  readonly readsPerSecond: number;
  readonly durationMs: number;
}

export type LoadedStoreMessage =
  | { readonly type: 'filled' }
  | { readonly type: 'done'; readonly applied: PacedResult; readonly reads: PacedResult }
  | { readonly type: 'failed'; readonly error: string };

const openers: Readonly<Record<string, () => Promise<OpenStore>>> = {
  'lmdb:': async () => (await import('@product-updates/repository-lmdb')).openLmdbStore,
  'postgres:': async () => (await import('@product-updates/repository-postgres')).openPostgresStore,
  'redis:': async () => (await import('@product-updates/repository-redis')).openRedisStore,
};

const url = new URL(process.env['STORE_URL'] ?? '');
const open = await openers[url.protocol]?.();
if (open === undefined) throw new Error(`STORE_URL: ${url.protocol} is none of ${Object.keys(openers).join(', ')}`);
const { store } = await open(url, { deadLetterMax: 1000, clock: systemClock });
serve(startBackend({ store }));

// The channel would keep the process alive.
process.once('SIGTERM', () => process.disconnect());
process.on('message', (job: LoadedStoreJob) => {
  run(job).catch((error: unknown) => tell({ type: 'failed', error: String(error) }));
});

async function run(job: LoadedStoreJob): Promise<void> {
  const workload = createWorkload({ name: 'product', products: job.products, batchSize: BATCH_MAX });
  for (let number = 0; number < batchesOf(job); number += 1) await store.products.apply(workload.batch(number));
  tell({ type: 'filled' });
  const [applied, reads] = await Promise.all([applyPaced(workload, job), readPaced(workload, job)]);
  tell({ type: 'done', applied, reads });
}

/** Every batch changes all its products: the passes go on with newer versions. */
function applyPaced(workload: Workload, job: LoadedStoreJob): Promise<PacedResult> {
  const first = batchesOf(job);
  return paced({
    perSecond: job.updatesPerSecond / BATCH_MAX,
    durationMs: job.durationMs,
    concurrency: LANES,
    act: (number) => store.products.apply(workload.batch(first + number)),
  });
}

function batchesOf({ products }: LoadedStoreJob): number {
  return Math.ceil(products / BATCH_MAX);
}

function readPaced(workload: Workload, { readsPerSecond, durationMs }: LoadedStoreJob): Promise<PacedResult> {
  return paced({
    perSecond: readsPerSecond,
    durationMs,
    concurrency: Number.POSITIVE_INFINITY,
    async act(number) {
      const id = workload.productId(number * 7919);
      if ((await store.products.get(id)) === undefined) throw new Error(`${id} is not there`);
    },
  });
}

function tell(message: LoadedStoreMessage): void {
  process.send?.(message);
}
