import { expect } from 'chai';
import { CodedError, type ErrorCode } from '@product-updates/errors';
import { bodyOf, expectProblem, startService, type Service } from './service.ts';

const good = { product_id: 'p1', price: 99.99, stock: 50 };

describe('POST /events', () => {
  let service: Service;
  beforeEach(async () => {
    service = await startService();
  });
  afterEach(() => service[Symbol.asyncDispose]());

  const post = (body: string | object, type = 'application/json') =>
    service.agent
      .post('/events')
      .set('content-type', type)
      .send(typeof body === 'string' ? body : JSON.stringify(body));

  it('takes one update', async () => {
    const response = await post(good).expect(202);
    expect(response.headers).to.include({ 'content-type': 'application/json', 'cache-control': 'no-store' });
    expect(response.headers['content-length']).to.equal(String(response.text.length));
    expect(response.body).to.have.all.keys('message', 'event_id');
    expect(bodyOf(response).message).to.equal('Event received and queued successfully');
    expect(bodyOf(response).event_id).to.match(/^[0-9a-z-]+$/);
    await service.settle();
    expect(await service.store.products.get('p1')).to.include(good);
    expect(service.seen.accepted).to.have.length(1);
    expect(service.seen.responded).to.deep.equal(['POST /events 202']);
  });

  it('takes an array, in its order', async () => {
    const response = await post([good, { ...good, price: 1 }, { product_id: 'p2', stock: 0 }]).expect(202);
    expect(response.body).to.include({ message: 'Events received and queued successfully', accepted: 3 });
    expect(bodyOf(response).event_ids).to.deep.equal(service.seen.accepted[0]?.events.map(({ event_id }) => event_id));
    await service.settle();
    expect(await service.store.products.get('p1')).to.include({ price: 1, stock: 50 });
    expect(await service.store.products.get('p2')).to.include({ price: null, stock: 0 });
  });

  it('answers an array of one as an array', async () => {
    expect((await post([good]).expect(202)).body).to.have.property('accepted', 1);
  });

  it('hands the queue the product id as key', async () => {
    await post({ product_id: 'a/b', stock: 1 }).expect(202);
    const [delivery] = await service.queue.receive(1);
    expect(delivery).to.deep.include({ key: 'a/b', headers: {} });
  });

  describe('with Prefer: handling=lenient', () => {
    const lenient = (body: object) => post(body).set('prefer', 'respond-async, handling=lenient');

    it('queues the good ones and lists the rest', async () => {
      const response = await lenient([7, good, { ...good, price: -1 }, { product_id: 'p2', stock: 1 }]).expect(202);
      expect(response.headers['preference-applied']).to.equal('handling=lenient');
      const [first, second] = service.seen.accepted[0]?.events.map(({ event_id }) => event_id) ?? [];
      expect(bodyOf(response).accepted).to.equal(2);
      expect(bodyOf(response).event_ids).to.deep.equal([null, first, null, second]);
      expect(bodyOf(response).rejected.map(({ index }) => index)).to.deep.equal([0, 2]);
      expect(bodyOf(response).rejected[1]?.errors[0]?.pointer).to.equal('/price');
      expect(service.seen.refused).to.deep.equal([{ reason: 'invalid', updates: 2 }]);
    });
    it('lists none where all are good', async () => {
      const response = await lenient([good]).expect(202);
      expect(bodyOf(response).rejected).to.deep.equal([]);
      expect(response.headers['preference-applied']).to.equal('handling=lenient');
    });
    it('counts the bytes of what it tells, not the letters', async () => {
      const response = await lenient([good, { ...good, prïce: 1 }]).expect(202);
      expect(bodyOf(response).rejected[0]?.errors[0]?.pointer).to.equal('/prïce');
    });
    it('refuses an array of bad ones', async () => {
      const response = await lenient([7, 8]);
      expectProblem(response, 400);
      expect(bodyOf(response).error_count).to.equal(2);
      expect(service.seen.refused).to.deep.equal([{ reason: 'invalid', updates: 2 }]);
    });
    it('refuses one bad update', async () => expectProblem(await lenient({ product_id: 'p' }), 400));
  });

  it('answers 503 when the queue is full, and takes it all or not at all', async () => {
    await using small = await startService({ capacity: 3 });
    const send = (body: object) => small.agent.post('/events').send(body);
    await send([good, good]).expect(202);
    const response = await send([good, good]);
    expectProblem(response, 503, 'Queue full, try again later');
    await send(good).expect(202);
    expect(small.seen.refused).to.deep.equal([{ reason: 'queue_full', updates: 2 }]);
  });

  const publishErrors: [ErrorCode, number, string][] = [
    ['unavailable', 503, 'queue_unavailable'],
    ['misconfigured', 503, 'queue_unavailable'],
    ['closed', 503, 'draining'],
    ['invalid', 413, 'too_large'],
  ];
  for (const [code, status, reason] of publishErrors) {
    it(`answers ${status} to a publish that rejects ${code}`, async () => {
      const publisher = { publish: () => Promise.reject(new CodedError(code, 'amqp://u:secret@host said /var/no')) };
      await using broken = await startService({ wrap: (deps) => ({ ...deps, publisher }) });
      const response = await broken.agent.post('/events').send(good);
      expectProblem(response, status);
      expect(response.text).not.to.match(/secret|amqp|var/);
      expect(broken.seen.refused).to.deep.equal([{ reason, updates: 1 }]);
    });
  }

  it('answers 500 to a bug, tells the observer, and tells the client nothing', async () => {
    const publisher = { publish: () => Promise.reject(new TypeError('x is undefined at /src/y.ts')) };
    const broken = await startService({ wrap: (deps) => ({ ...deps, publisher }) });
    const response = await broken.agent.post('/events').send(good);
    expectProblem(response, 500, /logged/);
    expect(broken.seen.failed.splice(0)).to.have.length(1);
    await broken[Symbol.asyncDispose]();
  });

  it('survives a stamper that throws', async () => {
    const stamper = {
      stamp: () => {
        throw new TypeError('bug');
      },
      stampAll: () => [],
    };
    const broken = await startService({ wrap: (deps) => ({ ...deps, stamper }) });
    expectProblem(await broken.agent.post('/events').send(good), 500);
    expect(broken.seen.failed.splice(0)).to.have.length(1);
    await broken[Symbol.asyncDispose]();
  });

  it('carries a valid traceparent with the messages, and no other', async () => {
    const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
    await post([good, good]).set('traceparent', traceparent).expect(202);
    await post(good).set('traceparent', `${traceparent}0`).expect(202);
    const deliveries = await service.queue.receive(3);
    expect(deliveries.map(({ headers }) => headers)).to.deep.equal([{ traceparent }, { traceparent }, {}]);
    expect(service.seen.accepted.map((accepted) => accepted.traceparent)).to.deep.equal([traceparent, undefined]);
  });

  it('answers 503 and closes while draining, but goes on reading', async () => {
    await post(good).expect(202);
    await service.settle();
    service.http.drain();
    const response = await post(good);
    expectProblem(response, 503);
    expect(response.headers['connection']).to.equal('close');
    const read = await service.agent.get('/products/p1').expect(200);
    expect(read.headers['connection']).to.equal('close');
    expect(service.seen.refused).to.deep.equal([{ reason: 'draining', updates: 1 }]);
  });

  for (const product_id of [
    '__proto__',
    'constructor',
    'a/b',
    'a b',
    '😀',
    'a%2Fb',
    '"',
    '\\',
    '?',
    '#',
    'é'.normalize('NFC'),
    '..a',
  ]) {
    it(`takes and finds the id ${product_id}`, async () => {
      await post({ product_id, price: 0.1 }).expect(202);
      await service.settle();
      const one = await service.agent.get(`/products/${encodeURIComponent(product_id)}`).expect(200);
      expect(one.body).to.deep.equal({ product_id, price: 0.1, stock: null });
      const list = await service.agent.get('/products').query({ id: product_id }).expect(200);
      expect(bodyOf(list).items).to.deep.equal([{ product_id, price: 0.1, stock: null }]);
    });
  }
});
