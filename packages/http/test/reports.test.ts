import { expect } from 'chai';
import { CodedError } from '@product-updates/errors';
import { parseApiKeys } from '@product-updates/http';
import { expectProblem, startService } from './service.ts';

const good = { product_id: 'p1', price: 1 };
const apiKeys = parseApiKeys('shop:write+read:the-key-of-the-shop,ops:admin:the-key-of-operations');

describe('what is refused because of who asks', () => {
  it('is reported: who, what and why, without the key', async () => {
    await using service = await startService({ options: { apiKeys, rateLimit: 1 } });
    const { agent, seen } = service;
    const shop = { 'x-api-key': 'the-key-of-the-shop' };
    expectProblem(await agent.get('/products/p1'), 401);
    expectProblem(await agent.get('/products?id=p1&key=wrong').set('authorization', 'Bearer wrong'), 401);
    expectProblem(await agent.get('/queue').set(shop), 403);
    expectProblem(await agent.get('/products/p1').set({ 'x-api-key': 'the-key-of-operations' }), 403);
    await agent.post('/events').set(shop).send(good).expect(202);
    expectProblem(await agent.post('/events').set(shop).send(good), 429);
    expectProblem(await agent.post('/events').send(good), 401);
    const from = { address: '127.0.0.1' };
    const get = { ...from, method: 'GET' };
    const post = { ...from, method: 'POST', path: '/events' };
    const noKey = 'An API key is needed, as Authorization: Bearer or as X-API-Key';
    expect(seen.denied).to.deep.equal([
      { ...get, status: 401, path: '/products/p1', key: undefined, why: noKey },
      { ...get, status: 401, path: '/products', key: undefined, why: 'The API key is not valid' },
      { ...get, status: 403, path: '/queue', key: 'shop', why: 'The API key lacks the scope "admin"' },
      { ...get, status: 403, path: '/products/p1', key: 'ops', why: 'The API key lacks the scope "read"' },
      { ...post, status: 429, key: 'shop', why: 'Too many updates, try again in 1 s' },
      { ...post, status: 401, key: undefined, why: noKey },
    ]);
  });

  it('is reported with the client that the proxy saw, and no more of a path than helps', async () => {
    await using service = await startService({ options: { trustProxy: 1 } });
    const asked = service.agent.get(`/${'x'.repeat(1000)}`);
    expectProblem(await asked.set('host', 'elsewhere.example').set('x-forwarded-for', '1.2.3.4'), 403);
    expect(service.seen.denied[0]).to.include({ address: '1.2.3.4', path: `/${'x'.repeat(199)}` });
    expectProblem(await service.agent.get('/products/p1'), 404);
    expect(service.seen.denied).to.have.length(1);
  });
});

describe('what fails', () => {
  const away = new CodedError('unavailable', 'postgres://u:secret@h is away');
  const reject = (): Promise<never> => Promise.reject(away);

  it('is reported with what was asked for, and the client is told which part it is', async () => {
    await using service = await startService({
      wrap: (deps) => ({
        ...deps,
        products: { get: reject, getMany: reject },
        deadLetters: { ...deps.deadLetters, list: reject, get: reject, remove: reject },
        queue: { ping: () => Promise.resolve(), stats: reject },
        publisher: { publish: reject },
      }),
    });
    const { agent, seen } = service;
    const store = 'The store cannot be reached, try again later';
    expectProblem(await agent.get('/products/a%0Ab'), 404);
    for (const [path, detail] of [
      ['/products/p%201', store],
      ['/products?id=p1', store],
      ['/products/p1/events/5cd1eqlbpc-ps-1', undefined],
      ['/dead-letters', store],
      ['/dead-letters/l1', store],
      ['/queue', 'The queue cannot be reached, try again later'],
    ] as const) {
      const answer = await agent.get(path);
      if (detail !== undefined) expectProblem(answer, 503, detail);
    }
    expectProblem(await agent.post('/events').send(good), 503);
    expect(seen.unavailable.map(({ what, about }) => [what, about])).to.deep.include.members([
      ['GET /products/{id}', { product_id: 'p 1' }],
      ['GET /products', {}],
      ['GET /dead-letters', {}],
      ['GET /dead-letters/{id}', { letter_id: 'l1' }],
      ['GET /queue', {}],
      ['POST /events', undefined],
    ]);
    for (const { error } of seen.unavailable) expect(error).to.equal(away);
  });
});
