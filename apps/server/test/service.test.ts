import { codeOf } from '@product-updates/errors';
import { refusalReasons as httpReasons } from '@product-updates/http';
import { openMemoryQueue, type Durability, type OpenQueue, type Queue } from '@product-updates/queue';
import { createMemoryStore, openMemoryStore, type OpenStore } from '@product-updates/repository';
import { refusalReasons as telemetryReasons } from '@product-updates/telemetry';
import { expect } from 'chai';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { Agent } from 'node:http';
import { connect } from 'node:net';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { readConfig } from '../src/config.ts';
import { openers, type Openers } from '../src/open.ts';
import { startService, type Service } from '../src/service.ts';
import { version } from '../src/version.ts';
import { ask, startLoad } from './client.ts';

const write = (): void => {};

/** The memory adapters, telling what is done to them; shared by all services that are given them. */
function toldOpeners(told: string[], options: { shared?: boolean; durability?: Durability } = {}): Openers {
  const { shared = false, durability = 'none' } = options;
  const memory = createMemoryStore();
  let opened: ReturnType<typeof openMemoryQueue<unknown>> | undefined;
  const dispose = (what: string) => (): Promise<void> => {
    told.push(what);
    return Promise.resolve();
  };
  const openQueue = async (...args: Parameters<OpenQueue>): Promise<unknown> => {
    opened ??= openMemoryQueue(...args);
    const { queue, ...rest } = await opened;
    const methods: Queue<unknown> = {
      publish: (messages) => queue.publish(messages),
      receive: (max, how) => queue.receive(max, how),
      ack: (deliveries) => queue.ack(deliveries),
      nack: (deliveries) => queue.nack(deliveries),
      stats: () => queue.stats(),
      ping: () => queue.ping(),
      close() {
        told.push('queue closed');
        queue.close();
      },
      [Symbol.asyncDispose]: dispose('queue disposed'),
    };
    return { ...rest, durability, queue: methods };
  };
  const openStore: OpenStore = async () => {
    const apply: typeof memory.products.apply = async (records) => {
      const changed = await memory.products.apply(records);
      told.push('applied');
      return changed;
    };
    const products = { ...memory.products, apply };
    const store = { ...memory, products, [Symbol.asyncDispose]: dispose('store disposed') };
    return { store, durability: 'none', description: 'told' };
  };
  return {
    queues: { 'memory:': { shared, load: async () => openQueue as OpenQueue } },
    stores: { 'memory:': { shared, load: async () => openStore } },
  };
}

describe('service', () => {
  const agent = new Agent({ keepAlive: true });
  const services: Service[] = [];

  const starting = async (env: Record<string, string>, known: Openers = openers): Promise<Service> => {
    const service = await startService(readConfig({ PORT: '0', ...env }), { openers: known, write });
    services.push(service);
    return service;
  };

  afterEach(async () => {
    for (const service of services.splice(0)) await service.stop({ hurry: true });
  });
  after(() => agent.destroy());

  it('has the version of its package', () => {
    const path = join(import.meta.dirname, '../package.json');
    expect(version).to.equal((JSON.parse(readFileSync(path, 'utf8')) as { version: string }).version);
  });

  it('counts refusals by the reasons that http gives', () => {
    expect(telemetryReasons).to.have.members([...httpReasons]);
  });

  it('starts several of itself in one process, which know nothing of each other', async () => {
    const [one, other] = await Promise.all([starting({}), starting({})]);
    await ask(agent, `${one.url}/events`, { method: 'POST', json: { product_id: 'p1', stock: 1 } });
    expect(await one.stop()).to.include({ left: 0, accepted: 1, settled: 1 });
    expect((await ask(agent, `${other.url}/products/p1`)).status).to.equal(404);
    expect(await other.stop()).to.include({ left: 0, accepted: 0, settled: 0 });
  });

  it('stops once, however often it is asked', async () => {
    const service = await starting({});
    const ends = await Promise.all([service.stop(), service.stop(), service.stopped, service.stop({ hurry: true })]);
    for (const end of ends) expect(end).to.deep.equal(ends[0]);
  });

  it('listens on an IPv6 address too', async () => {
    const service = await starting({ HOST: '::1' });
    expect(service.url).to.match(/^http:\/\/\[::1\]:\d+$/);
    expect((await ask(agent, `${service.url}/livez`)).status).to.equal(200);
  });

  it('refuses arrays that its queue can never hold', async () => {
    const { url } = await starting({ QUEUE_URL: 'memory:?capacity=3' });
    const json = (many: number): unknown => Array.from({ length: many }, (_, n) => ({ product_id: `p${n}`, stock: n }));
    expect((await ask(agent, `${url}/events`, { method: 'POST', json: json(4) })).status).to.equal(413);
    expect((await ask(agent, `${url}/events`, { method: 'POST', json: json(3) })).status).to.equal(202);
  });

  it('counts every update once at every scrape, under load', async () => {
    const openStore: OpenStore = async (url, context) => {
      const opened = await openMemoryStore(url, context);
      const { products } = opened.store;
      const apply: typeof products.apply = async (records) => {
        await pause(2);
        return products.apply(records);
      };
      return { ...opened, store: { ...opened.store, products: { ...products, apply } } };
    };
    const stores = { 'memory:': { shared: false, load: async () => openStore } };
    const service = await starting({ WORKERS: '5', BATCH_MAX: '50' }, { ...openers, stores });
    const load = startLoad(service.url, { connections: 10, size: 200 });
    const depths = new Set<number>();
    for (let scrapes = 0; scrapes < 30 || depths.size < 10; scrapes += 1) {
      const { body } = await ask(agent, `${service.url}/metrics`);
      const sum = (name: string): number =>
        [...body.matchAll(new RegExp(`^product_updates_${name}(?:\\{[^}]*\\})? (\\d+)$`, 'gm'))].reduce(
          (all, [, n]) => all + Number(n),
          0,
        );
      const depth = sum('queue_depth');
      expect(sum('events_accepted_total')).to.equal(sum('events_settled_total') + depth);
      depths.add(depth);
    }
    const { left, accepted } = await service.stop();
    await load.ended;
    expect(left).to.equal(0);
    expect(accepted).to.be.at.least(load.accepted());
  }).timeout(20_000);

  it('goes down in order: requests, queue, lanes, store', async () => {
    const told: string[] = [];
    const service = await starting({}, toldOpeners(told));
    const { hostname, port } = new URL(service.url);
    const body = '{"product_id":"p1","stock":1}';
    await ask(agent, `${service.url}/events`, { method: 'POST', json: { product_id: 'p0', stock: 1 } });

    const socket = connect(Number(port), hostname);
    let answer = '';
    socket.setEncoding('utf8').on('data', (chunk: string) => (answer += chunk));
    const head = `GET /readyz HTTP/1.1\r\nHost: ${hostname}\r\n\r\n`;
    const post = `POST /events HTTP/1.1\r\nHost: ${hostname}\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n`;
    socket.write(head + post + body.slice(0, 10));
    while (!answer.includes('"ready":true')) await once(socket, 'data');

    const stopped = service.stop();
    let refused = false;
    while (!refused) {
      refused = await ask(new Agent(), `${service.url}/livez`).then(
        () => false,
        () => true,
      );
    }
    // It accepts nobody any more, and everything behind it still runs for the request that is under way.
    expect(told).to.deep.equal(['applied']);
    answer = '';
    socket.write(body.slice(10));
    await once(socket, 'close');
    expect(answer).to.match(/^HTTP\/1\.1 202 /);
    expect(answer).to.match(/^connection: close\r$/im);

    expect(await stopped).to.include({ left: 0, accepted: 2, settled: 2 });
    expect(told.filter((what) => what !== 'applied')).to.deep.equal([
      'queue closed',
      'queue disposed',
      'store disposed',
    ]);
    expect(told.lastIndexOf('applied')).to.be.within(1, told.indexOf('queue disposed'));
  });

  it('lets go of what it had opened when it cannot start', async () => {
    const taken = await starting({});
    const told: string[] = [];
    const refused = (env: Record<string, string>): Promise<unknown> =>
      starting(env, { ...openers, ...toldOpeners(told) }).catch((error: unknown) => codeOf(error));
    // What needs nothing to be opened is looked at before anything is.
    expect(await refused({ PORT: new URL(taken.url).port })).to.equal('misconfigured');
    expect(await refused({ QUEUE_URL: 'nothing:' })).to.equal('misconfigured');
    expect(told).to.deep.equal([]);
    expect(await refused({ QUEUE_URL: 'memory:?capacity=0' })).to.equal('misconfigured');
    expect(told).to.deep.equal(['store disposed']);
    told.length = 0;
    const durable = toldOpeners(told, { durability: 'disk' });
    expect(await starting({}, durable).catch((error: unknown) => codeOf(error))).to.equal('misconfigured');
    expect(told).to.deep.equal(['queue disposed', 'store disposed']);
  });

  it('has drained also when something then does not close well', async () => {
    const lines: string[] = [];
    const known = toldOpeners([]);
    const openStore: OpenStore = async (url, context) => {
      const opened = await openMemoryStore(url, context);
      const dispose = (): Promise<void> => Promise.reject(new Error('the socket hung'));
      return { ...opened, store: { ...opened.store, [Symbol.asyncDispose]: dispose } };
    };
    const stores = { 'memory:': { shared: false, load: async () => openStore } };
    const options = { openers: { ...known, stores }, write: (line: string) => lines.push(line) };
    const service = await startService(readConfig({ PORT: '0' }), options);
    expect(await service.stop()).to.include({ left: 0 });
    expect(lines.at(-1)).to.include('what was drained did not close well').and.to.include('the socket hung');
  });

  it('has drained when what is left waits in a queue that others share', async () => {
    const known = toldOpeners([], { shared: true, durability: 'replicated' });
    const api = await starting({ ROLE: 'api', ALLOW_VOLATILE_STORE: 'true' }, known);
    await ask(agent, `${api.url}/events`, { method: 'POST', json: { product_id: 'p1', stock: 7 } });
    expect(await api.stop()).to.deep.equal({
      drained: true,
      left: 1,
      where: 'in the queue, for the next process',
      accepted: 1,
      settled: 0,
    });
  });

  it('tells what it held where such a queue cannot be asked any more', async () => {
    const openQueue = async (...args: Parameters<OpenQueue>): Promise<unknown> => {
      const { queue, ...rest } = await openMemoryQueue(...args);
      const { stats } = queue;
      let asked = 0;
      queue.stats = () => ((asked += 1) > 1 ? Promise.reject(new Error('gone')) : stats.call(queue));
      return { ...rest, durability: 'disk', queue };
    };
    const queues = { 'memory:': { shared: false, load: async () => openQueue as OpenQueue } };
    const service = await starting({ ALLOW_VOLATILE_STORE: 'true' }, { ...openers, queues });
    expect(await service.stop()).to.include({ drained: true, left: 0 });
  });

  it('can be an api and a worker apart, where queue and store are shared', async () => {
    const known = toldOpeners([], { shared: true });
    const [api, worker] = await Promise.all([starting({ ROLE: 'api' }, known), starting({ ROLE: 'worker' }, known)]);
    const json = { product_id: 'p1', price: null, stock: 7 };
    const posted = await ask(agent, `${api.url}/events`, { method: 'POST', json: { product_id: 'p1', stock: 7 } });
    expect(posted.status).to.equal(202);
    while ((await ask(agent, `${api.url}/products/p1`)).status !== 200);
    expect(JSON.parse((await ask(agent, `${api.url}/products/p1`)).body)).to.deep.equal(json);
    expect((await ask(agent, `${worker.url}/products/p1`)).status).to.equal(404);
    expect((await ask(agent, `${worker.url}/readyz`)).status).to.equal(200);
    expect(await api.stop()).to.include({ left: 0, accepted: 1, settled: 0 });
    expect(await worker.stop()).to.include({ left: 0, accepted: 0, settled: 1 });
  });
});
