import { once } from 'node:events';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect } from 'chai';
import supertest, { type Response } from 'supertest';
import type TestAgent from 'supertest/lib/agent.js';
import { createStamper, createVersionClock, type ProductEvent } from '@product-updates/domain';
import { createMemoryQueue, type Clock, type Queue } from '@product-updates/queue';
import { createMemoryStore, type DeadLetter, type Store } from '@product-updates/repository';
import {
  closeHttpServer,
  createHttpApp,
  createHttpServer,
  type About,
  type Denial,
  type DropReason,
  type HttpApp,
  type HttpDependencies,
  type HttpLimits,
  type HttpOptions,
  type PipelineView,
} from '@product-updates/http';

/** A clock that stands still until it is told. */
export interface TestClock extends Clock {
  advance(ms: number): void;
  readonly scheduled: number;
}

function createTestClock(startMs: number = Date.UTC(2026, 10, 22)): TestClock {
  let nowMs = startMs;
  const waiting = new Map<object, { atMs: number; run: () => void }>();
  return {
    now: () => nowMs,
    schedule(delayMs, run) {
      const key = {};
      waiting.set(key, { atMs: nowMs + delayMs, run });
      return () => waiting.delete(key);
    },
    advance(ms) {
      nowMs += ms;
      for (const [key, { atMs, run }] of waiting) {
        if (atMs > nowMs) continue;
        waiting.delete(key);
        run();
      }
    },
    get scheduled() {
      return waiting.size;
    },
  };
}

export interface Seen {
  readonly accepted: { events: readonly ProductEvent[]; traceparent: string | undefined }[];
  readonly refused: { reason: string; updates: number }[];
  readonly responded: string[];
  readonly replayed: string[];
  readonly dropped: DropReason[];
  readonly denied: Denial[];
  readonly unavailable: { what: string; error: unknown; about: About | undefined }[];
  readonly failed: { what: string; error: unknown; about: About | undefined }[];
}

export interface Service extends AsyncDisposable {
  readonly http: HttpApp;
  readonly server: Server;
  readonly port: number;
  readonly agent: TestAgent;
  readonly queue: Queue<ProductEvent>;
  readonly store: Store;
  readonly clock: TestClock;
  readonly seen: Seen;
  readonly pipeline: { view: PipelineView };
  /** Applies and acks everything that waits in the queue. */
  settle(): Promise<void>;
}

export interface ServiceOptions {
  readonly options?: Partial<HttpOptions>;
  readonly limits?: Partial<HttpLimits>;
  readonly capacity?: number;
  /** Puts something between the app and its dependencies. */
  readonly wrap?: (deps: HttpDependencies) => HttpDependencies;
}

export const runningPipeline: PipelineView = {
  state: 'running',
  hold: null,
  retrying: null,
  holding: 0,
  window: 6000,
  lanes: 3,
  busy: 0,
  workers: Array.from({ length: 3 }, () => ({ state: 'idle', since_ms: Date.UTC(2026, 10, 22) })),
  last_receive_ms: null,
};

/** The whole service but the pipeline, on a free port. */
export async function startService({ options, limits, capacity = 1000, wrap }: ServiceOptions = {}): Promise<Service> {
  const clock = createTestClock();
  const queue = createMemoryQueue<ProductEvent>({ capacity, clock });
  const store = createMemoryStore({ deadLetterMax: 1000 });
  const seen: Seen = {
    accepted: [],
    refused: [],
    responded: [],
    replayed: [],
    dropped: [],
    denied: [],
    unavailable: [],
    failed: [],
  };
  const pipeline = { view: runningPipeline };
  const now = (): number => clock.now();
  const deps: HttpDependencies = {
    publisher: queue,
    products: store.products,
    deadLetters: store.deadLetters,
    stamper: createStamper({ clock: createVersionClock({ now, random: () => 0.5 }), now }),
    clock,
    queue,
    store,
    pipeline: { status: () => pipeline.view },
    durability: { queue: 'none', store: 'none' },
    observer: {
      accepting: (events, traceparent) => () => seen.accepted.push({ events, traceparent }),
      refused: (reason, updates) => seen.refused.push({ reason, updates }),
      responded: (method, route, status) => seen.responded.push(`${method} ${route} ${status}`),
      replayed: (id) => seen.replayed.push(id),
      connectionDropped: (reason) => seen.dropped.push(reason),
      denied: (denial) => seen.denied.push(denial),
      unavailable: (what, error, about) => seen.unavailable.push({ what, error, about }),
      failed: (what, error, about) => seen.failed.push({ what, error, about }),
    },
    metrics: async () => ({ contentType: 'text/plain; version=0.0.4; charset=utf-8', body: 'up 1\n' }),
    rates: () => ({ accepted_per_second: 2, settled_per_second: 1 }),
    options: {
      role: 'all',
      bodyLimitBytes: 100_000,
      bodyMemoryBytes: 10_000_000,
      maxBatch: Math.min(10_000, capacity),
      rateLimit: 0,
      trustProxy: 0,
      apiKeys: [],
      allowAnonymous: false,
      host: '127.0.0.1',
      version: '0.0.0',
      ...options,
    },
  };
  const http = createHttpApp(wrap === undefined ? deps : wrap(deps));
  const server = createHttpServer(http.app, { ...limits, observer: deps.observer });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');

  async function settle(): Promise<void> {
    while ((await queue.stats()).depth > 0) {
      const deliveries = await queue.receive(1000);
      for (const { body } of deliveries) await store.products.apply([body]);
      await queue.ack(deliveries);
    }
  }

  return {
    http,
    server,
    port: (server.address() as AddressInfo).port,
    agent: supertest(server),
    queue,
    store,
    clock,
    seen,
    pipeline,
    settle,
    async [Symbol.asyncDispose]() {
      await closeHttpServer(server, { signal: AbortSignal.abort() });
      await queue[Symbol.asyncDispose]();
      await store[Symbol.asyncDispose]();
      expect(seen.failed, 'what the observer was told is a bug').to.deep.equal([]);
    },
  };
}

/** What may stand in any of the answers. */
export interface Answer {
  readonly message: string;
  readonly event_id: string;
  readonly event_ids: readonly (string | null)[];
  readonly accepted: number;
  readonly rejected: readonly { readonly index: number; readonly errors: Answer['errors'] }[];
  readonly errors: readonly { readonly detail: string; readonly pointer?: string; readonly parameter?: string }[];
  readonly error_count: number;
  readonly items: readonly Answer[];
  readonly id: string;
  readonly next: string | null;
  readonly checks: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
}

export function bodyOf(response: { readonly body: unknown }): Answer {
  return response.body as Answer;
}

/** Every error looks like this, whoever answers it. */
export function expectProblem(
  response: Pick<Response, 'status' | 'headers' | 'body'>,
  status: number,
  detail?: string | RegExp,
): Answer {
  expect(response.status, JSON.stringify(response.body)).to.equal(status);
  expect(response.headers['content-type']).to.equal('application/problem+json');
  expect(response.headers['cache-control']).to.equal('no-store');
  expect(response.headers['x-content-type-options']).to.equal('nosniff');
  expect(response.body).to.include({ type: 'about:blank', status });
  expect(response.body).to.have.property('title').that.is.a('string').and.not.empty;
  expect(response.body).to.have.property('detail').that.matches(/\w/);
  if (status === 503) expect(response.headers['retry-after']).to.match(/^\d+$/);
  if (typeof detail === 'string') expect(response.body).to.have.property('detail', detail);
  if (detail instanceof RegExp) expect(response.body).to.have.property('detail').that.matches(detail);
  return bodyOf(response);
}

/** A letter as the pipeline writes one. */
export function letterOf(event: ProductEvent, changes: Partial<DeadLetter> = {}): DeadLetter {
  return {
    id: `${event.event_id}.${event.replays}`,
    product_id: event.product_id,
    reason: 'exhausted',
    error: 'the store would not have it',
    attempts: 5,
    failed_at: '2026-11-22T00:00:00.000Z',
    event,
    bytes: null,
    ...changes,
  };
}

/** A service whose queue takes its time: each publish waits until it is let. */
export async function startSlowService(
  limits: Partial<HttpLimits> = {},
): Promise<{ service: Service; publishing: (() => void)[] }> {
  const publishing: (() => void)[] = [];
  const publish = (): Promise<void> =>
    new Promise((resolve) => {
      publishing.push(resolve);
    });
  const service = await startService({ limits, wrap: (deps) => ({ ...deps, publisher: { publish } }) });
  return { service, publishing };
}

/** Lets the event loop turn until it is so. */
export async function until(isSo: () => boolean): Promise<void> {
  while (!isSo()) await new Promise(setImmediate);
}

/** Posts updates, and makes letters of them. */
export async function buryUpdates(service: Service, count: number): Promise<ProductEvent[]> {
  const updates = Array.from({ length: count }, (_, i) => ({ product_id: `p${i}`, price: i }));
  await service.agent.post('/events').send(updates).expect(202);
  const events: ProductEvent[] = [];
  while (events.length < count) {
    const deliveries = await service.queue.receive(count);
    events.push(...deliveries.map(({ body }) => body));
    await service.queue.ack(deliveries);
  }
  for (const event of events) await service.store.deadLetters.add(letterOf(event));
  service.seen.accepted.splice(0);
  service.seen.responded.splice(0);
  return events;
}

/** A letter that has no event. */
export const undecodable: DeadLetter = {
  id: `undecodable.${'0'.repeat(64)}`,
  product_id: 'p',
  reason: 'undecodable',
  error: 'no JSON',
  attempts: 0,
  failed_at: '2026-11-22T00:00:00Z',
  event: null,
  bytes: Buffer.from([1, 2, 255]),
};
