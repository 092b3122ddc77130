import { expect } from 'chai';
import { codeOf } from '@product-updates/errors';
import { parseApiKeys } from '@product-updates/http';
import { createKeyFinder } from '../src/api-keys.ts';
import { bodyOf, expectProblem, startService, type Service } from './service.ts';
import { converse, expectRawProblem, parseAnswers } from './sockets.ts';

const good = { product_id: 'p1', price: 1 };
const apiKeys = parseApiKeys('shop:write+read:write-key:with:colons,ops:admin:admin-key-of-ops');

describe('API keys', () => {
  let service: Service;
  beforeEach(async () => {
    service = await startService({ options: { apiKeys } });
  });
  afterEach(() => service[Symbol.asyncDispose]());

  it('are taken as Bearer and as X-API-Key', async () => {
    await service.agent.post('/events').set('authorization', 'Bearer write-key:with:colons').send(good).expect(202);
    await service.agent.post('/events').set('authorization', 'bearer  write-key:with:colons').send(good).expect(202);
    await service.agent.post('/events').set('x-api-key', 'write-key:with:colons').send(good).expect(202);
    await service.settle();
    await service.agent.get('/products/p1').set('x-api-key', 'write-key:with:colons').expect(200);
  });

  it('are needed: 401 with a challenge', async () => {
    for (const path of [
      '/products/p1',
      '/products?id=p',
      '/queue',
      '/metrics',
      '/dead-letters',
      '/products/p/events/e',
    ]) {
      const response = await service.agent.get(path);
      expectProblem(response, 401);
      expect(response.headers['www-authenticate']).to.equal('Bearer realm="product-updates"');
    }
    const wrong = await service.agent.post('/events').set('x-api-key', 'nope').send(good);
    expectProblem(wrong, 401);
    expect(wrong.headers['www-authenticate']).to.include('invalid_token');
    expect(wrong.text).not.to.include('nope');
    expectProblem(await service.agent.post('/events').set('authorization', 'Basic d2s6eA==').send(good), 401);
    expect(service.seen.refused.map(({ reason }) => reason)).to.deep.equal(['unauthorized', 'unauthorized']);
  });

  it('need the scope: 403', async () => {
    const response = await service.agent.get('/queue').set('x-api-key', 'write-key:with:colons');
    expectProblem(response, 403, /"admin"/);
    expect(response.headers['www-authenticate']).to.include('insufficient_scope').and.include('scope="admin"');
    expectProblem(await service.agent.post('/events').set('x-api-key', 'admin-key-of-ops').send(good), 403);
    expectProblem(await service.agent.get('/products/p1').set('x-api-key', 'admin-key-of-ops'), 403);
    await service.agent.get('/queue').set('x-api-key', 'admin-key-of-ops').expect(200);
    expect(service.seen.refused).to.deep.equal([{ reason: 'forbidden', updates: 1 }]);
  });

  it('are not needed for health and the OpenAPI document', async () => {
    await service.agent.get('/livez').expect(200);
    await service.agent.get('/openapi.json').expect(200);
    await service.agent.get('/livez').set('x-api-key', 'nope').expect(200);
  });

  it('tell readiness how much to tell', async () => {
    const consumer = async (key: string) =>
      bodyOf(await service.agent.get('/readyz').set('x-api-key', key).expect(200)).checks['consumer'];
    expect(await consumer('admin-key-of-ops')).to.include({ ok: true, state: 'running', lanes: 3 });
    for (const key of ['write-key:with:colons', 'nope']) expect(await consumer(key)).to.deep.equal({ ok: true });
    const hold = { reason: 'store', since_ms: 0, error: 'pg1.internal is away' };
    service.pipeline.view = { ...service.pipeline.view, state: 'held', hold };
    const { checks } = expectProblem(await service.agent.get('/readyz'), 503);
    expect(checks['consumer']).to.deep.equal({ ok: false, held_by: 'store' });
  });

  it('leave unknown paths and methods to everybody', async () => {
    expectProblem(await service.agent.get('/nothing'), 404);
    expectProblem(await service.agent.put('/events').send({}), 405);
  });
});

describe('parseApiKeys', () => {
  it('reads a list, keys with colons in them', () => {
    expect(apiKeys.map(({ name, scopes }) => [name, ...scopes])).to.deep.equal([
      ['shop', 'write', 'read'],
      ['ops', 'admin'],
    ]);
  });
  it('keeps no key as it is', () => {
    expect(JSON.stringify(apiKeys)).not.to.include('colons');
    expect(apiKeys[0]?.digest).to.have.length(32);
  });
  it('reads the text of a file: one a line, comments, commas in keys', () => {
    const keys = parseApiKeys(`# ours\r\na:read:a-key-with,a-comma\r\n\r\n  b:write:${'z'.repeat(16)}  \n`, 'lines');
    expect(keys.map(({ name }) => name)).to.deep.equal(['a', 'b']);
    expect(parseApiKeys('a:read:sixteen-letters.\nb:write:sixteen-letters!\n')).to.have.length(2);
  });
  const wrong: Record<string, [string, RegExp]> = {
    'no key at all': [' , ', /there is no key/],
    'an entry that is only a key': ['ok:read:sixteen-letters.,s3cret', /entry 2: it must be name:scope\+scope:key/],
    'an entry without scopes': ['name:s3cret', /entry 1/],
    'an entry without a key': ['name:read:', /entry 1: it must be/],
    'a strange name': ['na me:read:s3cret', /entry 1: a name/],
    'an unknown scope': ['name:read+s3cret:sixteen-letters.', /unknown scope; known: write, read, admin/],
    'no scope': ['name::s3cret-0123456789', /unknown scope/],
    'a key that no header can carry': ['name:read:s3 cret', /entry 1: a key/],
    'a short key, by its name': [
      'a:read:sixteen-letters.,shop:read:s3cret-15-chars',
      /entry 2 \(shop\): a key has at least 16/,
    ],
    'a key where its name belongs': ['s3cret-0123456789:read:shop', /entry 1: a key has at least 16/],
    'a name twice': ['n:read:s3cret-0123456789,n:read:s3cret-9876543210', /entry 2: its name/],
    'a key twice': ['n:read:s3cret-0123456789,m:read:s3cret-0123456789', /entry 2: its key/],
  };
  for (const [what, [text, message]] of Object.entries(wrong)) {
    it(`refuses ${what}, without telling it`, () => {
      let thrown: unknown;
      try {
        parseApiKeys(text);
      } catch (error) {
        thrown = error;
      }
      expect(codeOf(thrown)).to.equal('misconfigured');
      expect(String(thrown)).to.match(message).and.not.include('s3');
    });
  }
});

describe('ten thousand API keys', () => {
  const entries = Array.from({ length: 10_000 }, (_, n) => `client-${n}:write:the-key-of-client-${n}`);

  // Within mocha's time-out, which comparing each entry with all before it does not keep.
  it('are read at once, and each is found', () => {
    const keys = parseApiKeys(entries.join('\n'), 'lines');
    const find = createKeyFinder(keys);
    for (const key of keys) expect(find(`the-key-of-${key.name}`)).to.equal(key);
    for (const none of ['the-key-of-client-10000', 'the-key-of-client', '', 'THE-KEY-OF-CLIENT-1']) {
      expect(find(none)).to.equal(undefined);
    }
  });

  it('are told apart, wherever a name or a key is there twice', () => {
    for (const [entry, fault] of [
      ['client-7:read:another-key-than-before', /entry 10001: its name is there twice/],
      ['other:read:the-key-of-client-7', /entry 10001: its key is there twice/],
    ] as const) {
      expect(() => parseApiKeys([...entries, entry].join('\n'), 'lines')).to.throw(fault);
    }
  });
});

describe('requests from elsewhere', () => {
  let service: Service;
  beforeEach(async () => {
    service = await startService();
  });
  afterEach(() => service[Symbol.asyncDispose]());
  const post = (headers: Record<string, string>) => service.agent.post('/events').set(headers).send(good);

  for (const headers of [
    { origin: 'https://evil.example' },
    { origin: 'null' },
    { origin: 'http://127.0.0.1:1' },
    { 'sec-fetch-site': 'cross-site' },
    { 'sec-fetch-site': 'same-site' },
  ]) {
    it(`may not write: ${JSON.stringify(headers)}`, async () => {
      expectProblem(await post(headers), 403);
      expectProblem(await service.agent.delete('/dead-letters/x').set(headers), 403);
      expectProblem(await service.agent.put('/nothing').set(headers).send({}), 403);
      expect(service.seen.refused).to.deep.equal([{ reason: 'forbidden', updates: 1 }]);
      await service.agent.get('/livez').set(headers).expect(200);
    });
  }
  it('may write where they are not from elsewhere', async () => {
    await post({ origin: `http://127.0.0.1:${service.port}` }).expect(202);
    await post({ 'sec-fetch-site': 'same-origin', origin: 'https://public.name' }).expect(202);
    await post({ 'sec-fetch-site': 'none' }).expect(202);
  });

  for (const host of [
    'evil.example',
    'evil.example:8080',
    '10.0.0.1',
    'localhost.evil.example',
    '127.0.0.1.evil.example',
    '[::2]',
    '',
  ]) {
    it(`are refused whole where Host is ${host || 'empty'}`, async () => {
      expectProblem(await post({ host }), 403);
      expectProblem(await service.agent.get('/products/p1').set({ host }), 403);
      expectProblem(await service.agent.get('/readyz').set({ host }), 403);
      expectProblem(await service.agent.get('/nothing').set({ host }), 403);
    });
  }
  for (const host of ['localhost', 'LOCALHOST:80', 'app.localhost:8080', '127.0.0.1:9', '127.9.9.9', '[::1]:8080']) {
    it(`are let in where Host is ${host}`, async () => {
      await service.agent.get('/livez').set({ host }).expect(200);
    });
  }
  it('are let in under any name where keys or ALLOW_ANONYMOUS are set', async () => {
    const host = 'shop.example';
    await using anonymous = await startService({ options: { allowAnonymous: true } });
    await anonymous.agent.post('/events').set({ host }).send(good).expect(202);
    await using keyed = await startService({ options: { apiKeys } });
    await keyed.agent.post('/events').set({ host, 'x-api-key': 'write-key:with:colons' }).send(good).expect(202);
  });
  it('are let in under the name the server listens on', async () => {
    await using named = await startService({ options: { host: 'box.local' } });
    await named.agent.get('/livez').set({ host: 'box.local:8080' }).expect(200);
    expectProblem(await named.agent.get('/livez').set({ host: 'other.local:8080' }), 403);
  });

  it('need a Host in HTTP/1.1, and may do without in HTTP/1.0', async () => {
    const [refused] = parseAnswers(await converse(service.port, 'GET /livez HTTP/1.1\r\n\r\n'));
    expect(refused).to.deep.include({ status: 400 });
    expect(refused?.headers['content-type']).to.equal('application/problem+json');
    const [answered] = parseAnswers(await converse(service.port, 'GET /livez HTTP/1.0\r\n\r\n'));
    expect(answered?.status).to.equal(200);
  });
  it('must not have two', async () => {
    for (const path of ['/livez', '/products/p1']) {
      const text = `GET ${path} HTTP/1.1\r\nHost: localhost\r\nX: y\r\nhost: evil.example\r\n\r\n`;
      expectRawProblem(parseAnswers(await converse(service.port, text))[0], 400);
    }
  });
  it('may name the whole URL, whose authority then counts', async () => {
    const ask = async (url: string) =>
      parseAnswers(
        await converse(service.port, `GET ${url} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n`),
      )[0]?.status;
    expect(await ask('http://localhost/livez')).to.equal(200);
    expect(await ask('http://localhost/products/p1')).to.equal(404);
    expect(await ask('http://localhost?x')).to.equal(404);
    expect(await ask('http://evil.example/livez')).to.equal(403);
    expect(await ask('/livez#x')).to.equal(400);
  });
  it('may ask what the server can do at all', async () => {
    const text = await converse(service.port, 'OPTIONS * HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n');
    expect(parseAnswers(text)[0]?.headers['allow']).to.equal('DELETE, GET, HEAD, POST, OPTIONS');
  });
});
