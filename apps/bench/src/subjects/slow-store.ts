/** The service's HTTP layer and pipeline in front of a store that applies so many updates a second: `STORE_PER_SECOND`. */
import { MAX_UPDATES } from '@product-updates/domain';
import { createHttpApp, createHttpServer } from '@product-updates/http';
import { systemClock } from '@product-updates/queue';
import type { ProductWriter } from '@product-updates/repository';
import { LANES, startBackend } from './backend.ts';
import { listen } from './listen.ts';

const perSecond = Number(process.env['STORE_PER_SECOND']);
if (!(perSecond > 0)) throw new Error('STORE_PER_SECOND is how many updates the store applies a second');

/** Each lane writes on its own, so each has its share of the rate. */
function slowDown(writer: ProductWriter): ProductWriter {
  return {
    async apply(records) {
      const delayMs = (records.length / (perSecond / LANES)) * 1000;
      await new Promise((resolve) => {
        setTimeout(resolve, delayMs);
      });
      return writer.apply(records);
    },
  };
}

const backend = startBackend({ wrapWriter: slowDown });
const { queue, store, stamper, pipeline, telemetry } = backend;

const { app } = createHttpApp({
  publisher: queue,
  products: store.products,
  deadLetters: store.deadLetters,
  stamper,
  clock: systemClock,
  monotonicNow: () => performance.now(),
  queue,
  store,
  pipeline,
  durability: { queue: 'none', store: 'none' },
  observer: telemetry.httpObserver,
  metrics: () => telemetry.metrics({ queue, store, deadLetters: store.deadLetters }),
  rates: () => telemetry.rates(),
  options: {
    role: 'all',
    bodyLimitBytes: 4 * 1024 * 1024,
    maxBatch: MAX_UPDATES,
    rateLimit: 0,
    trustProxy: 0,
    apiKeys: [],
    allowAnonymous: false,
    host: '127.0.0.1',
    version: 'bench',
  },
});

listen(createHttpServer(app, { observer: telemetry.httpObserver }), () => backend[Symbol.asyncDispose]());
