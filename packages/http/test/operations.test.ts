import { expect } from 'chai';
import { CodedError } from '@product-updates/errors';
import { bodyOf, expectProblem, runningPipeline, startService, type Service } from './service.ts';

describe('operations', () => {
  let service: Service;
  beforeEach(async () => {
    service = await startService();
  });
  afterEach(() => service[Symbol.asyncDispose]());

  it('GET /queue tells how full it is, and how the workers are doing', async () => {
    await service.agent.post('/events').send({ product_id: 'p', price: 1 }).expect(202);
    service.clock.advance(1500);
    const since_ms = service.clock.now();
    const states = ['idle', 'applying', 'waiting_to_retry', 'held'] as const;
    const workers = states.map((state) => ({ state, since_ms }));
    service.pipeline.view = { ...runningPipeline, busy: 1, workers, holding: 4, last_receive_ms: since_ms };
    const response = await service.agent.get('/queue').expect(200);
    expect(response.body).to.deep.equal({
      depth: 1,
      capacity: 1000,
      unacked: 0,
      oldest_age_seconds: 1.5,
      durability: 'none',
      accepted_per_second: 2,
      settled_per_second: 1,
      workers: states.map((state) => ({ state, since: '2026-11-22T00:00:01.500Z' })),
      busy: 1,
      state: 'running',
      hold: null,
      retrying: null,
      holding: 4,
      window: 6000,
      last_receive_at: '2026-11-22T00:00:01.500Z',
    });
    expect(response.headers).to.include({ 'cache-control': 'no-store', 'x-content-type-options': 'nosniff' });
  });

  it('GET /queue tells what the workers are held by, without secrets', async () => {
    const hold = { reason: 'store', since_ms: 5, error: 'postgres://u:secret@h is away' };
    service.pipeline.view = { ...runningPipeline, state: 'held', hold };
    const response = await service.agent.get('/queue').expect(200);
    expect(response.body).to.deep.include({
      state: 'held',
      hold: { reason: 'store', since: '1970-01-01T00:00:00.005Z', error: 'postgres://u:***@h is away' },
    });
  });

  it('GET /queue tells which products are tried again, since when, and why, without secrets', async () => {
    const retrying = { products: 2, since_ms: Date.UTC(2026, 0, 2), error: 'postgres://u:secret@h: lock timeout' };
    service.pipeline.view = { ...runningPipeline, retrying };
    const response = await service.agent.get('/queue').expect(200);
    expect(response.body).to.deep.include({
      state: 'running',
      retrying: { products: 2, since: '2026-01-02T00:00:00.000Z', error: 'postgres://u:***@h: lock timeout' },
    });
    const ready = await service.agent.get('/readyz').expect(200);
    expect(bodyOf(ready).checks['consumer']).to.deep.include({ ok: true, retrying: 2 });
  });

  it('GET /queue answers 503 where the queue cannot be asked', async () => {
    const queue = { ping: () => Promise.resolve(), stats: () => Promise.reject(new CodedError('unavailable', 'away')) };
    await using broken = await startService({ wrap: (deps) => ({ ...deps, queue }) });
    expectProblem(await broken.agent.get('/queue'), 503);
  });

  it('GET /livez looks at nothing, GET /metrics hands on what it is given', async () => {
    expect((await service.agent.get('/livez').expect(200)).body).to.deep.equal({ alive: true });
    const metrics = await service.agent.get('/metrics').expect(200);
    expect(metrics.headers['content-type']).to.equal('text/plain; version=0.0.4; charset=utf-8');
    expect(metrics.text).to.equal('up 1\n');
  });

  describe('GET /readyz', () => {
    it('answers 200 with every check and the durability', async () => {
      const response = await service.agent.get('/readyz').expect(200);
      expect(response.body).to.deep.include({ ready: true, durability: { queue: 'none', store: 'none' } });
      const { checks } = bodyOf(response);
      expect(checks).to.have.all.keys('queue', 'store', 'consumer');
      expect(checks['consumer']).to.include({ ok: true, state: 'running' });
    });

    it('answers, as liveness and metrics do, whatever query a probe appends', async () => {
      for (const path of ['/livez', '/readyz', '/metrics']) {
        await service.agent.get(`${path}?verbose&_=1&x=%zz`).expect(200);
      }
      expectProblem(await service.agent.get('/queue?verbose'), 400);
    });

    it('answers 503 naming what is not well, and why, without secrets', async () => {
      const store = { ping: () => Promise.reject(new CodedError('unavailable', 'postgres://u:secret@h is away')) };
      await using broken = await startService({ wrap: (deps) => ({ ...deps, store }) });
      const response = await broken.agent.get('/readyz');
      const { checks } = expectProblem(response, 503, 'Not well: store');
      expect(checks['queue']).to.deep.equal({ ok: true });
      expect(checks['store']).to.have.property('error').that.includes('is away');
      expect(response.text).not.to.include('secret');
    });

    it('answers 503 while the pipeline is held, and by what', async () => {
      const hold = { reason: 'dead_letters', since_ms: service.clock.now(), error: 'full: 1000 letters' };
      service.pipeline.view = { ...runningPipeline, state: 'held', hold };
      const { checks } = expectProblem(await service.agent.get('/readyz'), 503, 'Not well: consumer');
      expect(checks['consumer']).to.include({ ok: false, held_by: 'dead_letters', error: 'full: 1000 letters' });
    });

    it('answers 503 while draining', async () => {
      service.http.drain();
      expectProblem(await service.agent.get('/readyz'), 503, /shutting down/);
      await service.agent.get('/livez').expect(200);
    });

    it('waits no longer than two seconds, and asks once however many want to know', async () => {
      let asked = 0;
      let answer: () => void = () => undefined;
      const store = {
        ping: () => {
          asked += 1;
          return new Promise<void>((resolve) => {
            answer = resolve;
          });
        },
      };
      await using slow = await startService({ wrap: (deps) => ({ ...deps, store }) });
      const both = Promise.all([slow.agent.get('/readyz'), slow.agent.get('/readyz')]);
      while (slow.clock.scheduled < 2) await new Promise(setImmediate);
      slow.clock.advance(2000);
      for (const response of await both) {
        expect(expectProblem(response, 503, 'Not well: store').checks['store']).to.have.property(
          'error',
          'no answer within 2000 ms',
        );
      }
      expect(asked).to.equal(1);
      const third = slow.agent.get('/readyz').then((response) => response);
      while (slow.clock.scheduled < 1) await new Promise(setImmediate);
      answer();
      expect((await third).status).to.equal(200);
      expect(asked).to.equal(1);
    });

    it('has no consumer in the role api', async () => {
      await using api = await startService({ options: { role: 'api' }, wrap: (deps) => ({ ...deps, pipeline: null }) });
      expect(bodyOf(await api.agent.get('/readyz').expect(200)).checks).to.have.all.keys('queue', 'store');
      expect((await api.agent.get('/queue').expect(200)).body).to.deep.include({ workers: [], state: null });
    });
  });

  it('answers 503 where the dead letters cannot be asked, and 500 to a bug', async () => {
    let error: Error = new CodedError('misconfigured', 'permission denied for table x');
    const broken = await startService({
      wrap: (deps) => ({ ...deps, deadLetters: { ...deps.deadLetters, list: () => Promise.reject(error) } }),
    });
    const response = await broken.agent.get('/dead-letters');
    expectProblem(response, 503);
    expect(response.text).not.to.include('permission');
    error = new TypeError('bug');
    expectProblem(await broken.agent.get('/dead-letters'), 500);
    expect(broken.seen.failed.splice(0)[0]?.what).to.equal('GET /dead-letters');
    await broken[Symbol.asyncDispose]();
  });

  describe('the role worker', () => {
    it('serves the operations only', async () => {
      await using worker = await startService({ options: { role: 'worker' } });
      expectProblem(await worker.agent.post('/events').send({ product_id: 'p', price: 1 }), 404);
      expectProblem(await worker.agent.get('/products/p'), 404);
      expectProblem(await worker.agent.get('/products?id=p'), 404);
      await worker.agent.get('/queue').expect(200);
      await worker.agent.get('/dead-letters').expect(200);
      const { paths } = (await worker.agent.get('/openapi.json').expect(200)).body as { paths: object };
      expect(paths).not.to.have.any.keys('/events', '/products');
    });
  });
});

describe('paths and methods', () => {
  let service: Service;
  beforeEach(async () => {
    service = await startService();
  });
  afterEach(() => service[Symbol.asyncDispose]());

  const allowed: Record<string, string> = {
    '/events': 'POST, OPTIONS',
    '/products': 'GET, HEAD, OPTIONS',
    '/products/p1': 'GET, HEAD, OPTIONS',
    '/products/p1/events/e': 'GET, HEAD, OPTIONS',
    '/queue': 'GET, HEAD, OPTIONS',
    '/dead-letters': 'GET, HEAD, OPTIONS',
    '/dead-letters/x': 'DELETE, GET, HEAD, OPTIONS',
    '/dead-letters/x/replay': 'POST, OPTIONS',
    '/livez': 'GET, HEAD, OPTIONS',
    '/readyz': 'GET, HEAD, OPTIONS',
    '/metrics': 'GET, HEAD, OPTIONS',
    '/openapi.json': 'GET, HEAD, OPTIONS',
  };
  for (const [path, allow] of Object.entries(allowed)) {
    it(`${path} answers 405 with Allow, and OPTIONS with the same`, async () => {
      const wrong = await service.agent.put(path).send({});
      expectProblem(wrong, 405);
      expect(wrong.headers['allow']).to.equal(allow);
      const options = await service.agent.options(path).expect(204);
      expect(options.headers['allow']).to.equal(allow);
      expect(options.headers).not.to.have.property('access-control-allow-origin');
    });
  }
  for (const path of [
    '/',
    '/events/',
    '/Events',
    '//events',
    '/products/p1/',
    '/products/p1/x',
    '/livez/',
    '/dead-letters/',
  ]) {
    it(`${path} answers 404`, async () => {
      expectProblem(await service.agent.get(path), 404);
      expectProblem(await service.agent.post(path).send({}), 404);
      expect(service.seen.responded).to.deep.equal(['GET unmatched 404', 'POST unmatched 404']);
    });
  }
  it('HEAD answers as GET does', async () => {
    for (const path of ['/queue', '/livez', '/readyz', '/openapi.json', '/dead-letters', '/products?id=p']) {
      const [head, get] = [await service.agent.head(path).expect(200), await service.agent.get(path).expect(200)];
      expect(head.headers['content-length'], path).to.equal(get.headers['content-length']);
      expect(head.headers['content-type'], path).to.equal(get.headers['content-type']);
    }
  });
  it('counts unusual methods as one', async () => {
    await service.agent.propfind('/events');
    expect(service.seen.responded).to.deep.equal(['OTHER unmatched 405']);
  });
});
