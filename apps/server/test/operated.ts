import { CodedError } from '@product-updates/errors';
import { expect } from 'chai';
import { Agent } from 'node:http';
import { setTimeout as pause } from 'node:timers/promises';
import { readConfig } from '../src/config.ts';
import { startService } from '../src/service.ts';
import { ask, type Answer } from './client.ts';
import { createFaultyStore, type FaultyStore } from './faulty-store.ts';
import { metricsOf, type Metrics } from './metrics.ts';

/** A price that the store calls invalid after `refusePoison`, on whatever product. */
export const POISON = 666;

export interface Letter {
  readonly id: string;
  readonly product_id: string;
  readonly reason: string;
  readonly error: string;
  readonly attempts: number;
  readonly event: { readonly event_id: string; readonly price: number; readonly replays: number };
}

/** The service on a store that fails on command, and what an operator asks of it. Whatever is not answered as it should be rejects. */
export interface Operated {
  readonly store: FaultyStore;
  request(path: string, method?: string, json?: unknown): Promise<Answer>;
  /** The body of a 200. */
  get<T>(path: string): Promise<T>;
  /** Answers the ids of the events. */
  post(updates: readonly object[]): Promise<readonly string[]>;
  letters(limit?: number): Promise<readonly Letter[]>;
  replay(id: string): Promise<void>;
  fate(product_id: string, event_id: string | undefined): Promise<string>;
  price(product_id: string): Promise<number | null>;
  metrics(): Promise<Metrics>;
  /** Waits until the queue is empty, which a test's time-out bounds. Each scrape on the way must add up. */
  settled(): Promise<Metrics>;
  /** Waits until the consumer is held, and answers what readiness tells of it. */
  held(): Promise<{ held_by: string; error: string }>;
  /** The log so far. */
  told(): readonly Record<string, unknown>[];
  stop(): Promise<void>;
}

export function refusePoison(store: FaultyStore): void {
  store.refusal = ({ price }) =>
    price === POISON ? new CodedError('invalid', 'value violates check constraint "products_price"') : undefined;
}

export async function operate(env: Record<string, string> = {}): Promise<Operated> {
  const store = createFaultyStore();
  const lines: string[] = [];
  const config = readConfig({ PORT: '0', STORE_URL: 'faulty:', RETRY_BASE_MS: '5', RETRY_MAX_MS: '20', ...env });
  const service = await startService(config, { openers: store.openers, write: (line) => lines.push(line) });
  const agent = new Agent({ keepAlive: true });

  const operated: Operated = {
    store,
    request: (path, method = 'GET', json?) => ask(agent, service.url + path, { method, json }),
    async get<T>(path: string) {
      const { status, body } = await operated.request(path);
      expect(status, body).to.equal(200);
      return JSON.parse(body) as T;
    },
    async post(updates) {
      const { status, body } = await operated.request('/events', 'POST', updates);
      expect(status, body).to.equal(202);
      return (JSON.parse(body) as { event_ids: string[] }).event_ids;
    },
    letters: async (limit = 100) => (await operated.get<{ items: Letter[] }>(`/dead-letters?limit=${limit}`)).items,
    async replay(id) {
      const { status, body } = await operated.request(`/dead-letters/${id}/replay`, 'POST');
      expect(status, body).to.equal(202);
    },
    fate: async (product_id, event_id = '') =>
      (await operated.get<{ status: string }>(`/products/${product_id}/events/${event_id}`)).status,
    price: async (product_id) => (await operated.get<{ price: number | null }>(`/products/${product_id}`)).price,
    metrics: async () => metricsOf(await operated.request('/metrics')),
    async settled() {
      for (;;) {
        const told = await operated.metrics();
        expect(told.of('events_accepted_total')).to.equal(told.sum('events_settled_total') + told.of('queue_depth'));
        if (told.of('queue_depth') === 0) return told;
        // A scrape costs more than many writes.
        await pause(20);
      }
    },
    async held() {
      for (;;) {
        const { status, body } = await operated.request('/readyz');
        const { checks } = JSON.parse(body) as { checks: { consumer: { held_by?: string; error?: string } } };
        const { held_by, error } = checks.consumer;
        if (held_by !== undefined && error !== undefined) {
          expect(status).to.equal(503);
          return { held_by, error };
        }
        await pause(5);
      }
    },
    told: () => lines.map((line) => JSON.parse(line) as Record<string, unknown>),
    async stop() {
      agent.destroy();
      await service.stop({ hurry: true });
    },
  };
  return operated;
}
