import { expect } from 'chai';
import { CodedError } from '@product-updates/errors';
import type { Version } from '@product-updates/domain';
import { productIdIn } from '../src/get-product.ts';
import { bodyOf, expectProblem, startService, type Service } from './service.ts';

const version = 4096 as Version;
const never = 0 as Version;

describe('GET /products/{id}', () => {
  let service: Service;
  beforeEach(async () => {
    service = await startService();
    await service.store.products.apply([
      { product_id: 'p1', price: 99.99, price_version: version, stock: 50, stock_version: version },
      { product_id: 'p2', price: null, price_version: never, stock: 50, stock_version: version },
    ]);
  });
  afterEach(() => service[Symbol.asyncDispose]());

  it('answers exactly id, price and stock, with an ETag of the values', async () => {
    const response = await service.agent.get('/products/p1').expect(200);
    expect(response.text).to.equal('{"product_id":"p1","price":99.99,"stock":50}');
    expect(response.headers).to.include({
      etag: '"99.99-50"',
      'cache-control': 'no-cache',
      'content-type': 'application/json',
      'x-content-type-options': 'nosniff',
    });
    expect(service.seen.responded).to.deep.equal(['GET /products/{id} 200']);
  });

  it('answers null for a field that was never set', async () => {
    const response = await service.agent.get('/products/p2').expect(200);
    expect(response.body).to.deep.equal({ product_id: 'p2', price: null, stock: 50 });
    expect(response.headers['etag']).to.equal('"-50"');
  });

  it('answers HEAD as GET, without the body', async () => {
    const response = await service.agent.head('/products/p1').expect(200);
    expect(response.headers).to.include({ etag: '"99.99-50"', 'content-length': '44' });
    expect(response.text).to.equal(undefined);
    await service.agent.head('/products/p9').expect(404);
  });

  for (const header of ['"99.99-50"', 'W/"99.99-50"', '"x", "99.99-50"', '*']) {
    it(`answers 304 to If-None-Match: ${header}`, async () => {
      const response = await service.agent.get('/products/p1').set('if-none-match', header).expect(304);
      expect(response.headers).to.include({ etag: '"99.99-50"', 'cache-control': 'no-cache' });
      expect(response.text).to.equal('');
    });
  }
  it('answers 200 to the ETag of other values', () =>
    service.agent.get('/products/p1').set('if-none-match', '"99.98-50", W/"-50"').expect(200));

  it('answers 404 to an id that nobody set', async () => {
    expectProblem(await service.agent.get('/products/p9'), 404);
    expect(service.seen.responded).to.deep.equal(['GET /products/{id} 404']);
  });

  it('does not bother the store with an id that no product can have', async () => {
    const products = {
      get: () => Promise.reject(new Error('asked')),
      getMany: () => Promise.reject(new Error('asked')),
    };
    await using guarded = await startService({ wrap: (deps) => ({ ...deps, products }) });
    for (const id of ['%00', 'x'.repeat(129), '%20p', '..', 'e%CC%81']) {
      expectProblem(await guarded.agent.get(`/products/${id}`.replace('..', '%2e%2e')), 404);
    }
  });

  it('answers 400 to a malformed percent-encoding, 404 to a path with more in it, 400 to a query', async () => {
    expectProblem(await service.agent.get('/products/%ff'), 400);
    expectProblem(await service.agent.get('/products/a%'), 400);
    expectProblem(await service.agent.get('/products/'), 404);
    expectProblem(await service.agent.get('/products/p1/'), 404);
    const { errors } = expectProblem(await service.agent.get('/products/p1?expand=all'), 400);
    expect(errors[0]?.parameter).to.equal('expand');
    await service.agent.get('/products/p1?').expect(200);
  });

  it('answers 503 while the store is away, and 500 to a bug in it', async () => {
    let error: Error = new CodedError('unavailable', 'postgres://u:secret@h is away');
    const products = { get: () => Promise.reject(error), getMany: () => Promise.reject(error) };
    const broken = await startService({ wrap: (deps) => ({ ...deps, products }) });
    const away = await broken.agent.get('/products/p1');
    expectProblem(away, 503);
    expect(away.text).not.to.include('secret');
    expectProblem(await broken.agent.get('/products?id=p1'), 503);
    expect(broken.seen.failed).to.deep.equal([]);
    error = new TypeError('bug');
    expectProblem(await broken.agent.get('/products/p1'), 500);
    expectProblem(await broken.agent.get('/products?id=p1'), 500);
    expect(broken.seen.failed.splice(0).map(({ what }) => what)).to.deep.equal(['GET /products/{id}', 'GET /products']);
    await broken[Symbol.asyncDispose]();
  });

  it('survives a store that throws instead of rejecting', async () => {
    const products = {
      get: () => {
        throw new TypeError('bug');
      },
      getMany: () => Promise.resolve([]),
    };
    const broken = await startService({ wrap: (deps) => ({ ...deps, products }) });
    expectProblem(await broken.agent.get('/products/p1'), 500);
    expect(broken.seen.failed.splice(0)).to.have.length(1);
    await broken[Symbol.asyncDispose]();
  });
});

describe('GET /products', () => {
  let service: Service;
  beforeEach(async () => {
    service = await startService();
    const at = { price: 1, price_version: version, stock: null, stock_version: never };
    await service.store.products.apply([
      { product_id: 'p1', ...at },
      { product_id: 'p2', ...at },
    ]);
  });
  afterEach(() => service[Symbol.asyncDispose]());

  it('answers in the order asked, and names what is missing', async () => {
    const response = await service.agent.get('/products?id=p2&id=p9&id=p1&id=p2&id=%00').expect(200);
    const item = (product_id: string) => ({ product_id, price: 1, stock: null });
    expect(response.body).to.deep.equal({ items: [item('p2'), item('p1'), item('p2')], missing: ['p9', '\0'] });
    expect(response.headers['cache-control']).to.equal('no-cache');
  });
  it('wants at least one id, at most a hundred, and nothing else', async () => {
    expect(expectProblem(await service.agent.get('/products'), 400).errors).to.deep.equal([
      { detail: 'id is missing', parameter: 'id' },
    ]);
    expectProblem(await service.agent.get(`/products?${'id=p1&'.repeat(101)}`), 400);
    await service.agent.get(`/products?${'id=p1&'.repeat(100)}`).expect(200);
    expect(expectProblem(await service.agent.get('/products?id=p1&ids=p2'), 400).errors[0]?.parameter).to.equal('ids');
  });
  it('answers 400 to a malformed query', async () => {
    expectProblem(await service.agent.get('/products?id=%zz'), 400, /query is malformed/);
  });
});

describe('GET /products/{id}/events/{event_id}', () => {
  let service: Service;
  beforeEach(async () => {
    service = await startService();
  });
  afterEach(() => service[Symbol.asyncDispose]());
  const post = async (body: object) => bodyOf(await service.agent.post('/events').send(body).expect(202)).event_id;
  const fate = async (id: string, product = 'a/b') =>
    (await service.agent.get(`/products/${encodeURIComponent(product)}/events/${id}`).expect(200)).body as object;

  it('tells pending, applied and superseded', async () => {
    const first = await post({ product_id: 'a/b', price: 1 });
    expect(await fate(first)).to.deep.equal({ event_id: first, status: 'pending' });
    await service.settle();
    expect(await fate(first)).to.have.property('status', 'applied');
    const second = await post({ product_id: 'a/b', price: 2 });
    await service.settle();
    expect(await fate(first)).to.have.property('status', 'superseded');
    expect(await fate(second)).to.have.property('status', 'applied');
  });

  it('tells dead_lettered of that event and no other', async () => {
    const dead = await post({ product_id: 'a/b', price: 1 });
    const alive = await post({ product_id: 'a/b', price: 2 });
    const [delivery] = await service.queue.receive(1);
    await service.store.deadLetters.add({
      id: `${dead}.0`,
      product_id: 'a/b',
      reason: 'rejected',
      error: 'no',
      attempts: 1,
      failed_at: '2026-11-22T00:00:00Z',
      event: delivery?.body ?? null,
      bytes: null,
    });
    expect(await fate(dead)).to.have.property('status', 'dead_lettered');
    expect(await fate(alive)).to.have.property('status', 'pending');
    expect(await fate(dead, 'other'), 'a letter of another product').to.have.property('status', 'pending');
  });

  it('answers 404 to an id that is none', async () => {
    expectProblem(await service.agent.get('/products/p1/events/xyz'), 404);
    const id = await post({ product_id: 'p', price: 1 });
    expectProblem(await service.agent.get(`/products/%00/events/${id}`), 404);
  });
});

describe('productIdIn', () => {
  it('finds and decodes the id, and nothing in other URLs', () => {
    expect(productIdIn('/products/p1')).to.equal('p1');
    expect(productIdIn('/products/a%2Fb+c')).to.equal('a/b+c');
    for (const url of [
      '/products/',
      '/products',
      '/products/a/b',
      '/products/a?b',
      '/products/a#b',
      '/products/%',
      '/',
    ]) {
      expect(productIdIn(url), url).to.equal(undefined);
    }
  });
});
