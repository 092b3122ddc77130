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

  describe('refuses with 400', () => {
    const bad: Record<string, [unknown, string]> = {
      'no object': [5, ''],
      null: [null, ''],
      'no id': [{ price: 1 }, '/product_id'],
      'an id that is no string': [{ product_id: 7, price: 1 }, '/product_id'],
      'an empty id': [{ product_id: '', price: 1 }, '/product_id'],
      'a long id': [{ product_id: 'x'.repeat(129), price: 1 }, '/product_id'],
      'an id with white space at its ends': [{ product_id: ' p', price: 1 }, '/product_id'],
      'an id with control characters': [{ product_id: 'a\u0007b', price: 1 }, '/product_id'],
      'an id that is not NFC': [{ product_id: 'e\u0301', price: 1 }, '/product_id'],
      'an id no URL can name': [{ product_id: '..', price: 1 }, '/product_id'],
      'neither price nor stock': [{ product_id: 'p' }, ''],
      'a null': [{ product_id: 'p', price: null, stock: 1 }, '/price'],
      'a negative price': [{ product_id: 'p', price: -1 }, '/price'],
      'a price in quotes': [{ product_id: 'p', price: '1' }, '/price'],
      'a price too large': [{ product_id: 'p', price: 1.1e12 }, '/price'],
      'half a stock': [{ product_id: 'p', stock: 1.5 }, '/stock'],
      'a stock too large': [{ product_id: 'p', stock: 2 ** 53 }, '/stock'],
      'an unknown field': [{ product_id: 'p', price: 1, prize: 2 }, '/prize'],
      'a time without an offset': [{ product_id: 'p', price: 1, occurred_at: '2026-01-01T00:00:00' }, '/occurred_at'],
      'a time too early': [{ product_id: 'p', price: 1, occurred_at: '2020-01-01T00:00:00Z' }, '/occurred_at'],
      'a time too far ahead': [{ product_id: 'p', price: 1, occurred_at: '2026-11-22T00:05:01Z' }, '/occurred_at'],
    };
    for (const [what, [body, pointer]] of Object.entries(bad)) {
      it(what, async () => {
        const response = await post(JSON.stringify(body));
        expectProblem(response, 400);
        const { errors, error_count } = response.body as {
          errors: { detail: string; pointer: string }[];
          error_count: number;
        };
        expect(errors.map((error) => error.pointer)).to.include(pointer);
        expect(error_count).to.equal(errors.length);
        expect(service.seen.refused).to.deep.equal([{ reason: 'invalid', updates: 1 }]);
        expect((await service.queue.stats()).depth).to.equal(0);
      });
    }

    const malformed: Record<string, [string | Buffer, RegExp]> = {
      'JSON that does not parse': ['{"product_id":', /not valid JSON/],
      'JSON with something behind it': ['{} x', /not valid JSON/],
      'an empty body': ['', /empty/],
      'a byte order mark': ['\ufeff{"product_id":"p","price":1}', /byte order mark/],
      NaN: ['{"product_id":"p","price":NaN}', /not valid JSON/],
      'a hundred thousand open brackets': ['['.repeat(99_999), /not valid JSON/],
    };
    for (const [what, [body, detail]] of Object.entries(malformed)) {
      it(what, async () => {
        expectProblem(await post(body.toString()), 400, detail);
        expect(service.seen.refused).to.deep.equal([{ reason: 'malformed', updates: 1 }]);
      });
    }

    it('invalid UTF-8', async () => {
      const response = await fetch(`http://127.0.0.1:${service.port}/events`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: Buffer.concat([Buffer.from('{"product_id":"'), Buffer.from([0xc3, 0x28]), Buffer.from('","price":1}')]),
      });
      expect(response.status).to.equal(400);
      expect(await response.json()).to.have.property('detail', 'The body is not valid UTF-8');
    });

    it('an empty array', async () => expectProblem(await post([]), 400, 'The array is empty'));

    it('nothing at all, without a content type', async () => {
      expectProblem(await service.agent.post('/events'), 400, 'The body is empty');
    });

    it('an array with bad items, whole, and points at each fault', async () => {
      const response = await post([good, { ...good, price: -1, stock: 0.5 }, 7]);
      expectProblem(response, 400);
      expect(bodyOf(response).errors.map(({ pointer }) => pointer)).to.deep.equal(['/1/price', '/1/stock', '/2']);
      expect(bodyOf(response).error_count).to.equal(3);
      expect((await service.queue.stats()).depth).to.equal(0);
    });

    it('an array with more faults than it tells, and counts them', async () => {
      const response = await post(Array.from({ length: 150 }, () => 7));
      expectProblem(response, 400);
      expect(bodyOf(response).errors).to.have.length(100);
      expect(bodyOf(response).error_count).to.equal(150);
    });

    it('a query', async () => {
      const response = await service.agent.post('/events?x=1').send(good);
      expectProblem(response, 400);
      expect(bodyOf(response).errors[0]?.parameter).to.equal('x');
      expect(service.seen.refused).to.deep.equal([{ reason: 'malformed', updates: 1 }]);
    });
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
    });
    it('refuses one bad update', async () => expectProblem(await lenient({ product_id: 'p' }), 400));
  });

  describe('refuses with 415', () => {
    for (const type of [
      'text/plain',
      'application/x-www-form-urlencoded',
      'application/json5',
      'application/json; charset=latin1',
    ]) {
      it(type, async () => {
        const response = await post('{}', type);
        expectProblem(response, 415);
        expect(response.headers['accept-post']).to.equal('application/json');
        expect(service.seen.refused).to.deep.equal([{ reason: 'unsupported_media_type', updates: 1 }]);
      });
    }
    it('a compressed body', async () => {
      const response = await post(good).set('content-encoding', 'gzip');
      expectProblem(response, 415);
      expect(response.headers['accept-encoding']).to.equal('identity');
    });
    it('but not JSON spelt otherwise', async () => {
      await post(good, 'Application/JSON; charset="UTF-8"; x=y').set('content-encoding', 'Identity').expect(202);
    });
  });

  describe('refuses with 413 and closes', () => {
    it('a body over the limit', async () => {
      const response = await post(`"${'x'.repeat(100_000)}"`);
      expectProblem(response, 413, /100000 bytes/);
      expect(response.headers['connection']).to.equal('close');
      expect(service.seen.refused).to.deep.equal([{ reason: 'too_large', updates: 1 }]);
    });
    it('a body that does not say how long it is and goes over the limit', async () => {
      const response = await fetch(`http://127.0.0.1:${service.port}/events`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: new Blob([`"${'x'.repeat(1_000_000)}"`]).stream(),
        duplex: 'half',
      });
      expect(response.status).to.equal(413);
      expect(response.headers.get('connection')).to.equal('close');
      expect(await response.json()).to.have.property('status', 413);
    });
    it('an array that the queue can never hold', async () => {
      const response = await post(Array.from({ length: 1001 }, (_, i) => ({ product_id: `p${i}`, stock: 1 })));
      expectProblem(response, 413, /more than the 1000 that the queue can ever hold/);
      expect(response.headers['connection']).to.equal('close');
    });
    it('more than 10,000 updates', async () => {
      await using roomy = await startService({ capacity: 20_000, options: { bodyLimitBytes: 4_000_000 } });
      const many = (count: number) =>
        JSON.stringify(Array.from({ length: count }, () => ({ product_id: 'p', stock: 1 })));
      const send = (body: string) => roomy.agent.post('/events').set('content-type', 'application/json').send(body);
      expectProblem(await send(many(10_001)), 413, /10001 updates, more than 10000/);
      expect(bodyOf(await send(many(10_000)).expect(202)).event_ids).to.have.length(10_000);
    });
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
