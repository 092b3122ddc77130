import { CodedError } from '@product-updates/errors';
import { expect } from 'chai';
import { Agent } from 'node:http';
import { setTimeout as pause } from 'node:timers/promises';
import { readConfig } from '../src/config.ts';
import { startService, type Service } from '../src/service.ts';
import { ask, type Answer } from './client.ts';
import { createFaultyStore, type FaultyStore } from './faulty-store.ts';
import { metricsOf, type Metrics } from './metrics.ts';

const POISON = 666;

interface Letter {
  readonly id: string;
  readonly product_id: string;
  readonly reason: string;
  readonly error: string;
  readonly attempts: number;
  readonly event: { readonly event_id: string; readonly price: number; readonly replays: number };
}

/** What the store calls invalid: a price of 666, on whatever product. */
function refusePoison(store: FaultyStore): void {
  store.refusal = ({ price }) =>
    price === POISON ? new CodedError('invalid', 'value violates check constraint "products_price"') : undefined;
}

describe('a dead letter', function () {
  this.timeout(20_000);
  let store: FaultyStore;
  let service: Service;
  let lines: string[];
  const agent = new Agent({ keepAlive: true });

  async function start(env: Record<string, string> = {}): Promise<void> {
    const config = readConfig({ PORT: '0', STORE_URL: 'faulty:', RETRY_BASE_MS: '5', RETRY_MAX_MS: '20', ...env });
    service = await startService(config, { openers: store.openers, write: (line) => lines.push(line) });
  }

  beforeEach(() => {
    store = createFaultyStore();
    lines = [];
  });
  afterEach(() => service.stop({ hurry: true }));
  after(() => agent.destroy());

  const request = (path: string, method = 'GET', json?: unknown): Promise<Answer> =>
    ask(agent, service.url + path, { method, json });
  async function get<T>(path: string): Promise<T> {
    const { status, body } = await request(path);
    expect(status, body).to.equal(200);
    return JSON.parse(body) as T;
  }
  async function post(updates: readonly object[]): Promise<readonly string[]> {
    const { status, body } = await request('/events', 'POST', updates);
    expect(status, body).to.equal(202);
    return (JSON.parse(body) as { event_ids: string[] }).event_ids;
  }
  const letters = async (): Promise<readonly Letter[]> =>
    (await get<{ items: readonly Letter[] }>('/dead-letters')).items;
  const fate = async (product_id: string, event_id = ''): Promise<string> =>
    (await get<{ status: string }>(`/products/${product_id}/events/${event_id}`)).status;
  const price = async (product_id: string): Promise<number | null> =>
    (await get<{ price: number | null }>(`/products/${product_id}`)).price;
  const metrics = async (): Promise<Metrics> => metricsOf(await request('/metrics'));
  const replay = async (id: string): Promise<void> => {
    const { status, body } = await request(`/dead-letters/${id}/replay`, 'POST');
    expect(status, body).to.equal(202);
  };

  /** Waits until the queue is empty, which a test's time-out bounds. */
  async function settled(): Promise<Metrics> {
    for (;;) {
      const told = await metrics();
      expect(told.of('events_accepted_total')).to.equal(told.sum('events_settled_total') + told.of('queue_depth'));
      if (told.of('queue_depth') === 0) return told;
      // A scrape costs more than many writes.
      await pause(20);
    }
  }

  /** Waits until the consumer is held, and answers what readiness tells of it. */
  async function held(): Promise<{ held_by: string; error: string }> {
    for (;;) {
      const { status, body } = await request('/readyz');
      const { checks } = JSON.parse(body) as { checks: { consumer: { held_by?: string; error?: string } } };
      const { held_by, error } = checks.consumer;
      if (held_by !== undefined && error !== undefined) {
        expect(status).to.equal(503);
        return { held_by, error };
      }
    }
  }

  it('is all that one poison update in a batch of 500 leaves: the other 499 are applied', async () => {
    await start();
    refusePoison(store);
    const updates = Array.from({ length: 500 }, (_, n) => ({ product_id: `p${n}`, price: n === 321 ? POISON : n }));
    const eventIds = await post(updates);
    const told = await settled();
    expect(told.of('events_settled_total{outcome="applied"}')).to.equal(499);
    expect(told.of('events_settled_total{outcome="dead_lettered"}')).to.equal(1);
    expect(told.of('dead_letters')).to.equal(1);
    const [letter, ...others] = await letters();
    expect(others).to.deep.equal([]);
    expect(letter).to.deep.include({ product_id: 'p321', reason: 'rejected', id: `${eventIds[321]}.0` });
    expect(letter?.error).to.equal('value violates check constraint "products_price"');
    for (const [n, event_id] of eventIds.entries()) {
      expect(await fate(`p${n}`, event_id)).to.equal(n === 321 ? 'dead_lettered' : 'applied');
    }
    const line = lines
      .map((text) => JSON.parse(text) as Record<string, unknown>)
      .find(({ msg }) => msg === 'dead letter');
    expect(line).to.include({ level: 'warn', letter_id: letter?.id, product_id: 'p321', outcome: 'dead_lettered' });
    expect(line).to.include({ event_id: eventIds[321], reason: 'rejected', attempt: 1 });
  });

  it('is applied by its replay once the cause is mended, and gone', async () => {
    await start();
    refusePoison(store);
    const [event_id] = await post([{ product_id: 'p1', price: POISON }]);
    await settled();
    expect(await fate('p1', event_id)).to.equal('dead_lettered');
    store.mend();
    await replay(`${event_id}.0`);
    const told = await settled();
    expect(await letters()).to.deep.equal([]);
    expect(await fate('p1', event_id)).to.equal('applied');
    expect(await price('p1')).to.equal(POISON);
    expect(told.of('events_accepted_total')).to.equal(2);
    expect(told.of('dead_letters')).to.equal(0);
    expect((await request(`/dead-letters/${event_id}.0`)).status).to.equal(404);
  });

  it('is superseded by its replay where the product has a newer price: an old one never comes back', async () => {
    await start();
    refusePoison(store);
    const [event_id] = await post([{ product_id: 'p1', price: POISON }]);
    await settled();
    const [newer] = await post([{ product_id: 'p1', price: 7 }]);
    await settled();
    expect(await fate('p1', event_id)).to.equal('dead_lettered');
    store.mend();
    await replay(`${event_id}.0`);
    const told = await settled();
    expect(told.of('events_settled_total{outcome="superseded"}')).to.equal(1);
    expect(await fate('p1', event_id)).to.equal('superseded');
    expect(await fate('p1', newer)).to.equal('applied');
    expect(await price('p1')).to.equal(7);
    expect(await letters()).to.deep.equal([]);
  });

  it('whose replay fails again is a new letter, and its fate is never told as anything else', async () => {
    await start();
    refusePoison(store);
    const [event_id = ''] = await post([{ product_id: 'p1', price: POISON }]);
    await settled();
    for (let replays = 0; replays < 20; replays += 1) {
      await replay(`${event_id}.${replays}`);
      // On its way again it is `pending`.
      expect(await fate('p1', event_id)).to.be.oneOf(['pending', 'dead_lettered']);
      await settled();
      expect(await fate('p1', event_id)).to.equal('dead_lettered');
      const now = await letters();
      expect(now.map(({ id }) => id)).to.deep.equal([`${event_id}.${replays + 1}`]);
      expect(now[0]?.event).to.include({ event_id, price: POISON, replays: replays + 1 });
    }
  });

  it('of many is lost by no replay, whether they fail again or not, while others replay the same', async () => {
    await start();
    refusePoison(store);
    const ids = Array.from({ length: 300 }, (_, n) => `p${n}`);
    const eventIds = await post(ids.map((product_id) => ({ product_id, price: POISON })));
    await settled();
    const replayAll = (): Promise<Answer> => request('/dead-letters/replay?limit=300', 'POST');
    for (let round = 0; round < 5; round += 1) {
      const answers = await Promise.all([replayAll(), replayAll(), replayAll()]);
      for (const { status, body } of answers) expect(status, body).to.equal(202);
      await settled();
      // Two replays of one at the same time fail as one, or one after the other.
      const left = new Set(
        (await get<{ items: Letter[] }>('/dead-letters?limit=1000')).items.map(({ event }) => event.event_id),
      );
      expect([...left].toSorted()).to.deep.equal(eventIds.toSorted());
    }
    store.mend();
    while ((await letters()).length > 0) await replayAll();
    await settled();
    for (const [n, product_id] of ids.entries()) {
      expect(await fate(product_id, eventIds[n])).to.equal('applied');
      expect(await price(product_id)).to.equal(POISON);
    }
  });

  it('of one product that always fails comes after RETRY_ATTEMPTS, and keeps nobody waiting', async () => {
    await start({ RETRY_ATTEMPTS: '3', LOG_LEVEL: 'debug' });
    store.refusal = ({ product_id }) => (product_id === 'bad' ? new TypeError('rows is not iterable') : undefined);
    const eventIds = await post([
      { product_id: 'bad', price: 1 },
      ...Array.from({ length: 99 }, (_, n) => ({ product_id: `p${n}`, price: n })),
    ]);
    while ((await metrics()).of('events_settled_total{outcome="applied"}') < 99);
    const told = await settled();
    expect(told.of('retries_total{reason="bug"}')).to.equal(2);
    const [letter] = await letters();
    expect(letter).to.deep.include({
      product_id: 'bad',
      reason: 'exhausted',
      attempts: 3,
      error: 'rows is not iterable',
    });
    expect(await fate('bad', eventIds[0])).to.equal('dead_lettered');
    const log = lines.map((text) => JSON.parse(text) as Record<string, unknown>);
    const retries = log.filter(({ msg }) => msg === 'retry');
    expect(retries.map(({ attempt }) => attempt)).to.deep.equal([1, 2]);
    expect(retries[0]).to.include({ level: 'debug', product_id: 'bad', event_id: eventIds[0], reason: 'bug' });
    // A bug has its place told.
    expect(log.find(({ level }) => level === 'error')?.['stack']).to.match(/dead-letters\.test/);
  });

  it('that exceeds DEAD_LETTER_MAX holds the pipeline: nothing is evicted, and room lets it go on', async () => {
    await start({ DEAD_LETTER_MAX: '1' });
    refusePoison(store);
    const [first] = await post([{ product_id: 'a', price: POISON }]);
    await settled();
    const [second] = await post([{ product_id: 'b', price: POISON }]);
    expect(await held()).to.deep.equal({ held_by: 'dead_letters', error: 'the store holds 1 dead letters, its bound' });
    const [third] = await post([{ product_id: 'c', price: 3 }]);
    const queue = await get<{ state: string; hold: object; depth: number }>('/queue');
    expect(queue).to.include({ state: 'held', depth: 2 });
    expect(queue.hold).to.include({ reason: 'dead_letters' });
    expect((await letters()).map(({ id }) => id)).to.deep.equal([`${first}.0`]);
    expect(await fate('a', first)).to.equal('dead_lettered');
    expect(await fate('b', second)).to.equal('pending');
    expect(await fate('c', third)).to.equal('pending');
    expect((await metrics()).of('store_up')).to.equal(1);

    expect((await request(`/dead-letters/${first}.0`, 'DELETE')).status).to.equal(204);
    await settled();
    expect((await request('/readyz')).status).to.equal(200);
    expect((await letters()).map(({ id }) => id)).to.deep.equal([`${second}.0`]);
    expect(await fate('b', second)).to.equal('dead_lettered');
    expect(await fate('c', third)).to.equal('applied');
    // Dropped by a person, and nothing of it or newer is visible.
    expect(await fate('a', first)).to.equal('pending');
    const told = lines.map((text) => JSON.parse(text) as Record<string, unknown>);
    expect(told.find(({ msg }) => msg === 'held')).to.include({ level: 'warn', reason: 'dead_letters' });
    expect(told.find(({ msg }) => msg === 'released')).to.include({ level: 'info', reason: 'dead_letters' });
  });

  it('replayed at the bound makes room by itself', async () => {
    await start({ DEAD_LETTER_MAX: '1' });
    refusePoison(store);
    const [first] = await post([{ product_id: 'a', price: POISON }]);
    await settled();
    const [second] = await post([{ product_id: 'b', price: POISON }]);
    await held();
    store.mend();
    await replay(`${first}.0`);
    await settled();
    expect((await letters()).map(({ id }) => id)).to.deep.equal([`${second}.0`]);
    expect(await fate('a', first)).to.equal('applied');
  });

  it('that the sink does not take waits, while everything else is well', async () => {
    await start();
    refusePoison(store);
    store.sinkFault = new CodedError('unavailable', 'no answer', { cause: new Error('password=hunter2') });
    const [event_id] = await post([{ product_id: 'a', price: POISON }]);
    expect(await held()).to.deep.equal({ held_by: 'dead_letters', error: 'no answer: password=***' });
    expect(await fate('a', event_id)).to.equal('pending');
    store.sinkFault = undefined;
    await settled();
    expect(await fate('a', event_id)).to.equal('dead_lettered');
    expect((await metrics()).sum('retries_total')).to.equal(0);
  });

  it('does not die with a poison successor: the good older update is applied', async () => {
    await start({ RETRY_ATTEMPTS: '2' });
    store.outage = new CodedError('unavailable', 'gone');
    const [good, poison] = await post([
      { product_id: 'a', price: 1 },
      { product_id: 'a', price: POISON },
    ]);
    await held();
    refusePoison(store);
    store.outage = undefined;
    await settled();
    expect(await price('a')).to.equal(1);
    expect(await fate('a', good)).to.equal('applied');
    expect(await fate('a', poison)).to.equal('dead_lettered');
  });
});
