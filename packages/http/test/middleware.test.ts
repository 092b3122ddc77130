import { expect } from 'chai';
import type { Middleware } from 'koa';
import { startService, type Service } from './service.ts';

const json = 'application/json';
const update = { product_id: 'p1', price: 9.5 };

/** What somebody adds to the app: it sees each request twice, before and after, and adds to each answer. */
function spy(seen: string[], name = 'spy'): Middleware {
  return async (ctx, next) => {
    ctx.set('x-request-id', '7');
    seen.push(`${name} ${ctx.method} ${ctx.path}`);
    await next();
    seen.push(`${name} ${ctx.status}`);
    ctx.set('x-seen', name);
  };
}

async function withSpy(run: (service: Service, seen: string[]) => Promise<void>): Promise<void> {
  await using service = await startService();
  const seen: string[] = [];
  service.http.app.use(spy(seen));
  await run(service, seen);
}

describe('a middleware that somebody adds to the app', () => {
  it('sees every update and its answer, and adds to it', () =>
    withSpy(async ({ agent }, seen) => {
      const answer = await agent.post('/events').send(update).expect(202);
      expect(seen).to.deep.equal(['spy POST /events', 'spy 202']);
      expect(answer.headers).to.include({ 'x-request-id': '7', 'x-seen': 'spy', 'cache-control': 'no-store' });
      expect(answer.body).to.have.keys('message', 'event_id');
    }));

  it('sees every read, found, unchanged or unknown, whatever the method', () =>
    withSpy(async ({ agent, settle }, seen) => {
      await agent.post('/events').send(update).expect(202);
      await settle();
      seen.length = 0;
      const found = await agent.get('/products/p1').expect(200, { product_id: 'p1', price: 9.5, stock: null });
      expect(found.headers).to.include({ 'content-type': json, 'x-seen': 'spy', etag: '"9.5-"' });
      await agent.get('/products/p1').set('if-none-match', '"9.5-"').expect(304, '');
      const head = await agent.head('/products/p1').expect(200);
      expect(head.headers['content-length']).to.equal(found.headers['content-length']);
      const unknown = await agent.get('/products/none').expect(404);
      expect(unknown.headers).to.include({ 'x-seen': 'spy', 'content-type': 'application/problem+json' });
      expect(seen.filter((line) => /\d$/.test(line) && !line.includes('/'))).to.deep.equal([
        'spy 200',
        'spy 304',
        'spy 200',
        'spy 404',
      ]);
    }));

  it('sees what is refused, and what no route knows', () =>
    withSpy(async ({ agent, seen: observed }, seen) => {
      await agent.post('/events').send({ product_id: 'p1', price: -1 }).expect(400);
      await agent.post('/events?x=1').send(update).expect(400);
      await agent.get('/nowhere').expect(404);
      await agent.get('/livez').expect(200);
      expect(seen.filter((line) => line.startsWith('spy '))).to.have.length(8);
      expect(observed.refused).to.deep.equal([
        { reason: 'invalid', updates: 1 },
        { reason: 'malformed', updates: 1 },
      ]);
    }));

  it('may answer itself, so that no route is asked', async () => {
    await using service = await startService();
    service.http.app.use((ctx) => {
      ctx.status = 418;
    });
    await service.agent.post('/events').send(update).expect(418);
    await service.agent.get('/products/p1').expect(418);
    expect(service.seen.accepted).to.have.length(0);
  });

  it('may refuse by throwing, as Koa has it', async () => {
    await using service = await startService();
    service.http.app.use((ctx) => ctx.throw(401, 'who are you?', { headers: { 'www-authenticate': 'Basic' } }));
    const answer = await service.agent.post('/events').send(update).expect(401);
    expect(answer.headers).to.include({ 'content-type': 'application/problem+json', 'www-authenticate': 'Basic' });
    expect(answer.body).to.include({ status: 401, detail: 'who are you?' });
  });

  it('runs in the order of its adding, and may be added while requests are served', async () => {
    await using service = await startService();
    const seen: string[] = [];
    await service.agent.post('/events').send(update).expect(202);
    expect(service.http.app.use(spy(seen, 'first')).use(spy(seen, 'second'))).to.equal(service.http.app);
    await service.agent.get('/products/p1').expect(404);
    expect(seen).to.deep.equal(['first GET /products/p1', 'second GET /products/p1', 'second 404', 'first 404']);
  });

  it('changes nothing of what is measured', async () => {
    const routes = async (extend: (service: Service) => void): Promise<readonly string[]> => {
      await using service = await startService();
      extend(service);
      await service.agent.post('/events').send(update).expect(202);
      await service.agent.get('/products/none').expect(404);
      await service.agent.head('/products/none').expect(404);
      return [...service.seen.responded];
    };
    const plain = await routes(() => undefined);
    expect(plain).to.have.length(3);
    expect(await routes(({ http }) => void http.app.use(spy([])))).to.deep.equal(plain);
  });
});
