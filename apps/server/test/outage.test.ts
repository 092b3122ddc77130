import { CodedError } from '@product-updates/errors';
import { expect } from 'chai';
import { Agent } from 'node:http';
import { setTimeout as pause } from 'node:timers/promises';
import { readConfig } from '../src/config.ts';
import { startService, type Service } from '../src/service.ts';
import { ask } from './client.ts';
import { createFaultyStore, type FaultyStore } from './faulty-store.ts';
import { metricsOf, type Metrics } from './metrics.ts';

const LONG = process.env['LONG'] !== undefined;
const OUTAGE_MS = LONG ? 30_000 : 2000;
const NORMAL_MS = 1000;
const RECOVERY_MS = 2000;
/** Of the normal throughput per second of CPU time: the wall clock of a shared machine tells nothing. */
const NORMAL_ENOUGH = 0.6;

const causes: readonly {
  readonly what: string;
  readonly begin: (store: FaultyStore) => void;
  readonly unwell: readonly string[];
  readonly up: 0 | 1;
}[] = [
  {
    what: 'that does not answer',
    begin(store) {
      const cause = new Error('connect ECONNREFUSED postgres://shop:hunter2@db.internal:5432/shop');
      store.outage = new CodedError('unavailable', 'the store does not answer', { cause });
    },
    unwell: ['store', 'consumer'],
    up: 0,
  },
  {
    what: 'that takes no writes because of a wrong right',
    begin(store) {
      store.refusal = () => new CodedError('misconfigured', 'permission denied for table products');
    },
    unwell: ['consumer'],
    up: 1,
  },
];

describe('a store', function () {
  this.timeout(20_000 + 3 * OUTAGE_MS);
  let store: FaultyStore;
  let service: Service;
  let lines: string[];
  const agent = new Agent({ keepAlive: true });

  beforeEach(async () => {
    store = createFaultyStore();
    lines = [];
    const config = readConfig({ PORT: '0', STORE_URL: 'faulty:', QUEUE_URL: 'memory:?capacity=20000' });
    service = await startService(config, { openers: store.openers, write: (line) => lines.push(line) });
  });
  afterEach(() => service.stop({ hurry: true }));
  after(() => agent.destroy());

  for (const { what, begin, unwell, up } of causes) {
    it(`${what} for ${OUTAGE_MS / 1000} s under full load loses and dead-letters nothing, and is over 2 s after it`, async () => {
      const load = startSteadyLoad(service.url, { connections: 16, size: 100 });
      await pause(500);
      const normal = await settledPerCpuSecond(NORMAL_MS);

      begin(store);
      const refusedBefore = load.refused;
      let ready = await ask(agent, `${service.url}/readyz`);
      while (!ready.body.includes('"held_by"') || load.refused === refusedBefore) {
        await pause(10);
        ready = await ask(agent, `${service.url}/readyz`);
      }
      expect(ready.status).to.equal(503);
      expect(ready.headers['retry-after']).to.equal('2');
      const { checks, detail } = JSON.parse(ready.body) as { checks: Record<string, object>; detail: string };
      expect(detail).to.equal(`Not well: ${unwell.join(', ')}`);
      expect(checks['store']).to.include({ ok: up === 1 });
      expect(checks['consumer']).to.include({ ok: false, held_by: 'store' });
      expect(ready.body).to.not.include('hunter2');
      const fate = await ask(agent, `${service.url}/products/s0-0/events/${load.eventId}`);
      expect(fate.status).to.equal(up === 1 ? 200 : 503);
      const writesBefore = store.writes;
      await pause(OUTAGE_MS);
      // One of the lanes probes, about once a second.
      expect(store.writes - writesBefore).to.be.at.most(Math.ceil(OUTAGE_MS / 900) + 1);
      const during = await metrics();
      expect(during.of('store_up')).to.equal(up);
      expect(during.of('queue_depth')).to.equal(20_000);
      expect(during.of('events_refused_total{reason="queue_full"}')).to.be.above(0);
      expect(during.of('events_accepted_total')).to.equal(during.sum('events_settled_total') + 20_000);

      store.mend();
      await pause(RECOVERY_MS);
      expect((await ask(agent, `${service.url}/readyz`)).status).to.equal(200);
      expect(await settledPerCpuSecond(NORMAL_MS)).to.be.above(normal * NORMAL_ENOUGH);
      await load.stop();
      while ((await metrics()).of('queue_depth') > 0) await pause(10);

      const after = await metrics();
      expect(after.sum('retries_total')).to.equal(0);
      expect(after.of('dead_letters')).to.equal(0);
      expect(after.of('events_settled_total{outcome="dead_lettered"}')).to.equal(0);
      expect(after.sum('events_settled_total')).to.equal(after.of('events_accepted_total'));
      expect(after.of('events_accepted_total')).to.equal(load.accepted);
      expect(load.statuses).to.deep.equal(new Set([202, 503]));
      expect(load.withoutRetryAfter).to.equal(0);
      await expectLatest(load.latest);
      const told = lines.map((line) => JSON.parse(line) as Record<string, unknown>);
      const held = told.filter(({ msg }) => msg === 'held');
      expect(held).to.have.length(1);
      expect(held[0]).to.include({ level: 'warn', reason: 'store' });
      expect(told.filter(({ msg }) => msg === 'released')[0]).to.include({ reason: 'store' });
      expect(lines.join('')).to.not.include('hunter2');
    });
  }

  async function metrics(): Promise<Metrics> {
    return metricsOf(await ask(agent, `${service.url}/metrics`));
  }

  /** This process is service, store and clients at once. */
  async function settledPerCpuSecond(durationMs: number): Promise<number> {
    const before = (await metrics()).sum('events_settled_total');
    const cpuBefore = process.cpuUsage();
    await pause(durationMs);
    const { user, system } = process.cpuUsage(cpuBefore);
    return ((await metrics()).sum('events_settled_total') - before) / ((user + system) / 1e6);
  }

  async function expectLatest(latest: ReadonlyMap<string, number>): Promise<void> {
    for (const [id, stock] of latest) {
      const { body } = await ask(agent, `${service.url}/products/${id}`);
      expect(JSON.parse(body)).to.deep.equal({ product_id: id, price: null, stock });
    }
  }
});

interface SteadyLoad {
  readonly accepted: number;
  readonly refused: number;
  readonly statuses: ReadonlySet<number>;
  /** 503s that did not say when to come again. */
  readonly withoutRetryAfter: number;
  /** Of an update of `s0-0`. */
  readonly eventId: string;
  /** The last stock of each product that was answered 202. */
  readonly latest: ReadonlyMap<string, number>;
  stop(): Promise<void>;
}

/** Posts arrays on each connection, to products of its own, and asks again at once whatever it was answered. */
function startSteadyLoad(url: string, { connections, size }: { connections: number; size: number }): SteadyLoad {
  const agent = new Agent({ keepAlive: true, maxSockets: connections });
  const statuses = new Set<number>();
  const latest = new Map<string, number>();
  const counts = { accepted: 0, refused: 0, withoutRetryAfter: 0 };
  let eventId = '';
  let running = true;

  async function post(connection: number): Promise<void> {
    const ids = Array.from({ length: size }, (_, index) => `s${connection}-${index}`);
    for (let stock = 0; running; stock += 1) {
      const json = ids.map((product_id) => ({ product_id, stock }));
      const answer = await ask(agent, `${url}/events`, { method: 'POST', json });
      statuses.add(answer.status);
      if (answer.status === 202) {
        counts.accepted += size;
        for (const id of ids) latest.set(id, stock);
        if (connection === 0) [eventId = ''] = (JSON.parse(answer.body) as { event_ids: string[] }).event_ids;
      } else {
        counts.refused += size;
        if (answer.headers['retry-after'] === undefined) counts.withoutRetryAfter += 1;
      }
    }
  }

  const posting = Array.from({ length: connections }, (_, connection) => post(connection));
  return {
    get accepted() {
      return counts.accepted;
    },
    get refused() {
      return counts.refused;
    },
    get withoutRetryAfter() {
      return counts.withoutRetryAfter;
    },
    get eventId() {
      return eventId;
    },
    statuses,
    latest,
    async stop() {
      running = false;
      await Promise.all(posting);
      agent.destroy();
    },
  };
}
