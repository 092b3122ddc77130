import { createStamper, createVersionClock, type ProductEvent, type Stamper } from '@product-updates/domain';
import { startPipeline, type Pipeline, type PipelineObserver } from '@product-updates/pipeline';
import { createMemoryQueue, systemClock, type Queue, type Undecodable } from '@product-updates/queue';
import { createMemoryStore, type ProductWriter, type Store } from '@product-updates/repository';
import { createTelemetry, type Telemetry } from '@product-updates/telemetry';
import { BATCH_MAX, LANES } from './service-defaults.ts';

/** What stands behind the HTTP layer of every subject but the bare one: as the service composes it with nothing set. */
export interface Backend extends AsyncDisposable {
  readonly queue: Queue<ProductEvent | Undecodable>;
  readonly store: Store;
  readonly stamper: Stamper;
  readonly pipeline: Pipeline;
  readonly telemetry: Telemetry;
  /** Gives up what waits. */
  [Symbol.asyncDispose](): Promise<void>;
}

export interface BackendOptions {
  readonly capacity?: number;
  /** Disposed with the rest; in memory unless given. */
  readonly store?: Store;
  /** What the pipeline writes to, instead of the store itself. */
  readonly wrapWriter?: (writer: ProductWriter) => ProductWriter;
}

export function startBackend(options: BackendOptions = {}): Backend {
  const { capacity = 100_000, store = createMemoryStore(), wrapWriter = (writer) => writer } = options;
  const clock = systemClock;
  const now = (): number => clock.now();
  const telemetry = createTelemetry({ level: 'warn', clock, build: { version: 'bench', node: process.version } });
  const queue = createMemoryQueue<ProductEvent | Undecodable>({ capacity, clock });
  const stamper = createStamper({ clock: createVersionClock({ now }), now });
  const pipeline = startPipeline({
    consumer: queue,
    writer: wrapWriter(store.products),
    deadLetters: store.deadLetters,
    ping: () => store.ping(),
    lanes: LANES,
    batchMax: BATCH_MAX,
    retry: { attempts: 5, baseMs: 100, maxMs: 30_000 },
    clock,
    observer: telemetry.pipelineObserver satisfies PipelineObserver,
  });
  return {
    queue,
    store,
    stamper,
    pipeline,
    telemetry,
    async [Symbol.asyncDispose]() {
      await pipeline[Symbol.asyncDispose]();
      await queue[Symbol.asyncDispose]();
      await store[Symbol.asyncDispose]();
      telemetry[Symbol.dispose]();
    },
  };
}
