import { expect } from 'chai';
import { bodyOf, expectProblem, startService, type Service } from './service.ts';

const good = { product_id: 'p1', price: 99.99, stock: 50 };

describe('POST /events ', () => {
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
      expect(service.seen.refused).to.deep.equal([{ reason: 'invalid', updates: 3 }]);
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
      expect(service.seen.refused).to.deep.equal([{ reason: 'too_large', updates: 1001 }]);
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
});
