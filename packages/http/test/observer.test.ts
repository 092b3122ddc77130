import { once } from 'node:events';
import { request, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect } from 'chai';
import { closeHttpServer, createHttpServer, createStartingApp, type HttpObserver } from '@product-updates/http';
import { letterOf, startService } from './service.ts';

/** Throws whatever it is told, and counts it by name. */
function createThrowing(accepting: 'throws' | 'throws later'): { observer: HttpObserver; told: Map<string, number> } {
  const told = new Map<string, number>();
  const throwing = (name: string) => (): never => {
    told.set(name, (told.get(name) ?? 0) + 1);
    throw new Error(`${name} on purpose`);
  };
  return {
    told,
    observer: {
      accepting: accepting === 'throws' ? throwing('accepting') : () => throwing('accepted'),
      refused: throwing('refused'),
      responded: throwing('responded'),
      connectionDropped: throwing('connectionDropped'),
      denied: throwing('denied'),
      unavailable: throwing('unavailable'),
      replayed: throwing('replayed'),
      failed: throwing('failed'),
    },
  };
}

describe('an observer that throws', () => {
  for (const accepting of ['throws', 'throws later'] as const) {
    it(`(accepting ${accepting}) changes no answer, and nothing is lost`, async () => {
      const { observer, told } = createThrowing(accepting);
      await using service = await startService({ wrap: (deps) => ({ ...deps, observer }) });
      const { agent, queue, store } = service;
      await agent.post('/events').send({ product_id: 'p1', price: 1 }).expect(202);
      expect(await queue.stats()).to.include({ depth: 1 });
      await service.settle();
      await agent.get('/products/p1').expect(200);
      await agent.get('/products?id=p1').expect(200);
      await agent.post('/events').send({ product_id: 'p1' }).expect(400);
      await agent.get('/products/p1').set('host', 'elsewhere.example').expect(403);
      const [{ body } = expect.fail('nothing to receive')] = await (async () => {
        await agent.post('/events').send({ product_id: 'p2', price: 1 }).expect(202);
        return queue.receive(1);
      })();
      await store.deadLetters.add(letterOf(body));
      await agent.post(`/dead-letters/${encodeURIComponent(`${body.event_id}.0`)}/replay`).expect(202);
      expect([...told.keys()]).to.include.members([
        accepting === 'throws' ? 'accepting' : 'accepted',
        'refused',
        'responded',
        'denied',
        'replayed',
        'failed',
      ]);
    });
  }

  it('changes nothing either in a server that refuses by itself, or that still starts', async () => {
    const { observer, told } = createThrowing('throws');
    await using service = await startService();
    const app = createStartingApp({
      clock: service.clock,
      queue: { ping: () => Promise.resolve() },
      store: { ping: () => Promise.resolve() },
      pipeline: null,
      durability: { queue: null, store: null },
      observer,
      metrics: () => Promise.resolve({ contentType: 'text/plain', body: '' }),
      waitsFor: () => 'STORE_URL',
      options: {
        role: 'all',
        bodyLimitBytes: 1000,
        bodyMemoryBytes: 10_000_000,
        maxBatch: 10,
        rateLimit: 0,
        trustProxy: 0,
        apiKeys: [],
        allowAnonymous: false,
        host: '127.0.0.1',
        version: '0.0.0',
      },
    });
    const server = createHttpServer(app, { observer }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    const statusOf = async (path: string, headers: Record<string, string> = {}): Promise<number | undefined> => {
      const sent = request({ port, path, headers }).end();
      const [answer] = (await once(sent, 'response')) as [IncomingMessage];
      answer.resume();
      return answer.statusCode;
    };
    expect(await statusOf('/products/p1')).to.equal(503);
    expect(told.get('responded')).to.equal(1);
    expect(await statusOf('/products/p1', { expect: 'something' })).to.equal(417);
    expect(await statusOf('/products/p1', { 'x-large': 'x'.repeat(20_000) })).to.equal(431);
    expect(told.get('responded')).to.equal(3);
    await closeHttpServer(server, { signal: AbortSignal.abort() });
  });
});
