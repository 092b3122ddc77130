import { join } from 'node:path';
import { createPackedEventCodec, createStamper, createVersionClock, type ProductEvent } from '@product-updates/domain';
import { startPipeline } from '@product-updates/pipeline';
import { createMemoryQueue, noHeaders, systemClock, type Queue, type Undecodable } from '@product-updates/queue';
import { openLmdbQueue } from '@product-updates/queue-lmdb';
import type { ProductWriter, Store } from '@product-updates/repository';
import { openLmdbStore } from '@product-updates/repository-lmdb';
import { openPostgresStore } from '@product-updates/repository-postgres';
import { createTelemetry } from '@product-updates/telemetry';
import { delay } from '../process/probe.ts';
import { BATCH_MAX, LANES } from '../subjects/service-defaults.ts';
import { createDataFolder } from './data-folder.ts';
import { openSchemas } from './postgres-schema.ts';

export interface HotBacklogJob {
  readonly updates: number;
  readonly hotProducts: number;
  /** A PostgreSQL server; without one it is an LMDB queue in front of an LMDB store. */
  readonly postgresUrl?: string;
}

export interface HotBacklogResult {
  readonly applies: number;
  /** Rows that `apply` said it changed. */
  readonly rowsChanged: number;
  /** Rows that the database counted as written; `null` where it does not count. */
  readonly rowWrites: number | null;
  readonly seconds: number;
}

const ARRAY_LENGTH = 10_000;
const deadLetterMax = 1000;
const clock = systemClock;
const now = (): number => clock.now();

/** The queue is filled first; then the pipeline starts on it. */
export async function measureHotBacklog(job: HotBacklogJob): Promise<HotBacklogResult> {
  return job.postgresUrl === undefined ? onLmdb(job) : onPostgres(job, new URL(job.postgresUrl));
}

async function onPostgres(job: HotBacklogJob, url: URL): Promise<HotBacklogResult> {
  await using schemas = await openSchemas(url);
  const schema = await schemas.create('hot');
  const ours = new URL(url);
  ours.searchParams.set('schema', schema);
  let worked: Worked;
  {
    await using queue = createMemoryQueue<ProductEvent | Undecodable>({ capacity: job.updates, clock });
    await using store = (await openPostgresStore(ours, { deadLetterMax, clock })).store;
    worked = await workOff(queue, store, job);
  }
  const { inserted, updated } = await schemas.rowWrites(schema, worked.rowsChanged);
  return { ...worked, rowWrites: inserted + updated };
}

async function onLmdb(job: HotBacklogJob): Promise<HotBacklogResult> {
  using folder = createDataFolder();
  const url = new URL(`lmdb:${join(folder.path, 'queue')}?capacity=${job.updates}`);
  const opened = await openLmdbQueue<ProductEvent>(url, { codec: createPackedEventCodec({ now }), clock });
  await using queue = opened.queue;
  const storeUrl = new URL(`lmdb:${join(folder.path, 'store')}`);
  await using store = (await openLmdbStore(storeUrl, { deadLetterMax, clock })).store;
  return { ...(await workOff(queue, store, job)), rowWrites: null };
}

type Worked = Omit<HotBacklogResult, 'rowWrites'>;

async function workOff(
  queue: Queue<ProductEvent | Undecodable>,
  store: Store,
  { updates, hotProducts }: HotBacklogJob,
): Promise<Worked> {
  await fill(queue, updates, hotProducts);
  using telemetry = createTelemetry({ level: 'warn', clock, build: { version: 'bench', node: process.version } });
  let [applies, rowsChanged] = [0, 0];
  const writer: ProductWriter = {
    async apply(records) {
      const changed = await store.products.apply(records);
      applies += 1;
      rowsChanged += changed.length;
      return changed;
    },
  };
  const startedAt = performance.now();
  await using pipeline = startPipeline({
    consumer: queue,
    writer,
    deadLetters: store.deadLetters,
    ping: () => store.ping(),
    lanes: LANES,
    batchMax: BATCH_MAX,
    retry: { attempts: 5, baseMs: 100, maxMs: 30_000 },
    clock,
    observer: telemetry.pipelineObserver,
  });
  while ((await queue.stats()).depth > 0) await delay(10);
  const seconds = (performance.now() - startedAt) / 1000;
  await pipeline.drain();
  return { applies, rowsChanged, seconds };
}

async function fill(queue: Queue<ProductEvent | Undecodable>, updates: number, products: number): Promise<void> {
  const stamper = createStamper({ clock: createVersionClock({ now }), now });
  for (let from = 0; from < updates; from += ARRAY_LENGTH) {
    const length = Math.min(ARRAY_LENGTH, updates - from);
    const events = stamper.stampAll(
      Array.from({ length }, (_, index) => ({
        product_id: `hot-${(from + index) % products}`,
        price: index / 100,
        stock: index,
      })),
    );
    await queue.publish(events.map((body) => ({ key: body.product_id, body, headers: noHeaders })));
  }
}
