import { MAX_UPDATES } from '@product-updates/domain';
import { createHttpApp, createHttpServer, type HttpApp } from '@product-updates/http';
import { systemClock } from '@product-updates/queue';
import type { Backend } from './backend.ts';
import { listen } from './listen.ts';

/** The service's HTTP layer in front of a backend, until the benchmark ends it; then the backend is disposed. `extend` may add to the app. */
export function serve(backend: Backend, extend: (app: HttpApp['app']) => void = () => {}): void {
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
      bodyMemoryBytes: 256 * 1024 * 1024,
      maxBatch: MAX_UPDATES,
      rateLimit: 0,
      trustProxy: 0,
      apiKeys: [],
      allowAnonymous: false,
      host: '127.0.0.1',
      version: 'bench',
    },
  });
  extend(app);
  listen(createHttpServer(app, { observer: telemetry.httpObserver }), () => backend[Symbol.asyncDispose]());
}
