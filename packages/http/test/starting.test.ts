import { once } from 'node:events';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect } from 'chai';
import supertest from 'supertest';
import { CodedError } from '@product-updates/errors';
import {
  closeHttpServer,
  createHttpServer,
  createStartingApp,
  parseApiKeys,
  serveApp,
  type HttpOptions,
} from '@product-updates/http';
import { bodyOf, expectProblem, runningPipeline, startService, type Service } from './service.ts';

describe('while it starts', () => {
  let service: Service;
  let server: Server;
  let told: string[];

  const listening = async (app: Parameters<typeof createHttpServer>[0]): Promise<void> => {
    server = createHttpServer(app).listen(0, '127.0.0.1');
    await once(server, 'listening');
  };
  const starting = (options: Partial<HttpOptions> = {}): ReturnType<typeof createStartingApp> =>
    createStartingApp({
      clock: service.clock,
      queue: { ping: () => Promise.reject(new CodedError('unavailable', 'not opened yet')) },
      store: { ping: () => Promise.reject(new CodedError('unavailable', 'redis://:hunter2@db does not answer')) },
      pipeline: {
        status: () => ({ ...runningPipeline, state: 'held', hold: { reason: 'store', since_ms: 0, error: 'x' } }),
      },
      durability: { queue: null, store: null },
      observer: {
        accepting: () => () => told.push('accepted'),
        refused: (reason, updates) => told.push(`${reason} ${updates}`),
        responded: (method, route, status) => told.push(`${method} ${route} ${status}`),
        connectionDropped: () => {},
        denied: () => {},
        unavailable: (what, error) => told.push(`${what} ${String(error)}`),
        replayed: () => told.push('replayed'),
        failed: (what, error) => told.push(`${what} ${String(error)}`),
      },
      metrics: async () => ({ contentType: 'text/plain', body: 'up 0\n' }),
      waitsFor: () => 'STORE_URL',
      options: {
        role: 'all',
        bodyLimitBytes: 100_000,
        bodyMemoryBytes: 10_000_000,
        maxBatch: 10_000,
        rateLimit: 0,
        trustProxy: 0,
        apiKeys: [],
        allowAnonymous: false,
        host: '127.0.0.1',
        version: '0.0.0',
        ...options,
      },
    });

  beforeEach(async () => {
    told = [];
    service = await startService();
  });
  afterEach(async () => {
    await closeHttpServer(server, { signal: AbortSignal.abort() });
    await service[Symbol.asyncDispose]();
  });

  it('is alive, tells its metrics and its document, and is not ready', async () => {
    await listening(starting());
    const agent = supertest(server);
    await agent.get('/livez').expect(200, { alive: true });
    await agent.get('/metrics').expect(200, 'up 0\n');
    const document = await agent.get('/openapi.json').expect(200);
    expect(document.body).to.deep.equal((await service.agent.get('/openapi.json')).body);
    const ready = await agent.get('/readyz');
    expectProblem(ready, 503, 'The server is starting and waits for STORE_URL, try again later');
    expect(ready.body).to.deep.include({ ready: false, durability: { queue: null, store: null } });
    const { checks } = bodyOf(ready);
    expect(checks['queue']).to.deep.equal({ ok: false, error: 'not opened yet' });
    expect(checks['store']).to.deep.equal({ ok: false, error: 'redis://:***@db does not answer' });
    expect(checks['consumer']).to.include({ ok: false, held_by: 'store' });
  });

  it('refuses everything else, and says what it waits for', async () => {
    await listening(starting());
    const agent = supertest(server);
    const detail = 'The server is starting and waits for STORE_URL, try again later';
    for (const path of ['/products/p1', '/products?id=p1', '/products/p1/events/x', '/queue', '/dead-letters']) {
      expectProblem(await agent.get(path), 503, detail);
    }
    expectProblem(await agent.get('/products/p1?x=1'), 400);
    expectProblem(await agent.get('/nothing'), 404);
    expectProblem(await agent.delete('/dead-letters/x'), 503, detail);
    for (const path of ['/dead-letters/replay', '/dead-letters/x/replay']) {
      expectProblem(await agent.post(path), 503, detail);
    }
    told.length = 0;
    expectProblem(await agent.post('/events').send({ product_id: 'p1', stock: 1 }), 503, detail);
    expect(told).to.deep.equal(['starting 1', 'POST /events 503']);
    expect((await agent.head('/products/p1')).status).to.equal(503);
    expect(told.slice(2)).to.deep.equal(['HEAD /products/{id} 503']);
  });

  it('lets nobody see more than afterwards', async () => {
    await listening(starting({ apiKeys: parseApiKeys('shop:write:write-key-of-shop,ops:admin:admin-key-of-ops') }));
    const agent = supertest(server);
    expectProblem(await agent.post('/events').send({ product_id: 'p1', stock: 1 }), 401);
    expectProblem(await agent.get('/metrics').set('x-api-key', 'write-key-of-shop'), 403);
    const seenBy = async (key: string): Promise<object | undefined> =>
      bodyOf(await agent.get('/readyz').set('x-api-key', key)).checks['store'];
    expect(await seenBy('write-key-of-shop')).to.deep.equal({ ok: false });
    expect(await seenBy('admin-key-of-ops')).to.have.property('error');
  });

  it('keeps requests waiting that come before there is any app, and hands over to the next', async () => {
    await listening(null);
    const { port } = server.address() as AddressInfo;
    const base = `http://127.0.0.1:${port}`;
    const begun = once(server, 'request');
    const early = fetch(`${base}/products/p1`);
    await begun;
    serveApp(server, starting());
    expect((await early).status).to.equal(503);
    serveApp(server, service.http.app);
    const posted = await fetch(`${base}/events`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: '{"product_id":"p1","stock":1}',
    });
    expect(posted.status).to.equal(202);
    expect((await fetch(`${base}/readyz`)).status).to.equal(200);
  });
});
