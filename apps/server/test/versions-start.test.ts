import { createMemoryStore, type OpenStore } from '@product-updates/repository';
import { systemClock, type Clock } from '@product-updates/queue';
import { expect } from 'chai';
import { Agent } from 'node:http';
import { setTimeout as pause } from 'node:timers/promises';
import { readConfig } from '../src/config.ts';
import { openers, type Openers } from '../src/open.ts';
import { startService, type Service } from '../src/service.ts';
import { ask } from './client.ts';

const WARNING = /too far ahead of this machine's clock/;

/** Lives of a service on one store, on a machine whose clock can be set. */
describe('versions after a restart', () => {
  const agent = new Agent({ keepAlive: true });
  const services: Service[] = [];
  let lines: string[];
  let setMs: number;
  let known: Openers;
  const clock: Clock = { ...systemClock, now: () => systemClock.now() + setMs };

  beforeEach(() => {
    lines = [];
    setMs = 0;
    // Outlives the services, as one on a disk.
    const store = { ...createMemoryStore(), [Symbol.asyncDispose]: () => Promise.resolve() };
    const openStore: OpenStore = async () => ({ store, durability: 'none', description: 'kept' });
    known = { ...openers, stores: { 'memory:': { shared: false, load: async () => openStore } } };
  });
  afterEach(async () => {
    for (const service of services.splice(0)) await service.stop();
  });
  after(() => agent.destroy());

  async function restarted(): Promise<Service> {
    for (const service of services.splice(0)) await service.stop();
    const config = readConfig({ PORT: '0' });
    const service = await startService(config, { openers: known, clock, write: (line) => lines.push(line) });
    services.push(service);
    return service;
  }
  /** Resolves to what became of the update. */
  async function post({ url }: Service, update: object): Promise<string> {
    const { status, body } = await ask(agent, `${url}/events`, { method: 'POST', json: update });
    expect(status, body).to.equal(202);
    const { product_id } = update as { product_id: string };
    const fate = `${url}/products/${product_id}/events/${(JSON.parse(body) as { event_id: string }).event_id}`;
    for (;;) {
      const answer = JSON.parse((await ask(agent, fate)).body) as { status: string };
      if (answer.status !== 'pending') return answer.status;
      await pause(2);
    }
  }
  const timeIn = (ms: number): string => new Date(clock.now() + ms).toISOString();
  const warnings = (): string[] => lines.filter((line) => WARNING.test(line));

  it('are not pushed into the future by a source whose clock runs ahead', async () => {
    const first = await restarted();
    expect(await post(first, { product_id: 'ahead', price: 1, occurred_at: timeIn(295_000) })).to.equal('applied');

    const second = await restarted();
    expect(await post(second, { product_id: 'p1', price: 1 })).to.equal('applied');
    setMs += 2000;
    expect(await post(second, { product_id: 'p1', price: 2, occurred_at: timeIn(0) })).to.equal('applied');
    expect(warnings()).to.deep.equal([]);
    // For its own product it wins until that time has come.
    expect(await post(second, { product_id: 'ahead', price: 2 })).to.equal('superseded');
  });

  it("count on from the store's where those prove this machine's clock wrong, with a warning", async () => {
    setMs = 3_600_000;
    const first = await restarted();
    expect(await post(first, { product_id: 'p1', price: 1 })).to.equal('applied');

    setMs = 0;
    const second = await restarted();
    expect(warnings()).to.have.length(1);
    expect(JSON.parse(warnings()[0] ?? ''))
      .to.have.property('ahead_seconds')
      .that.is.within(3500, 3600);
    expect(await post(second, { product_id: 'p1', price: 2 })).to.equal('applied');

    setMs = 3_700_000;
    const third = await restarted();
    expect(warnings()).to.have.length(1);
    expect(await post(third, { product_id: 'p1', price: 3 })).to.equal('applied');
  });
});
