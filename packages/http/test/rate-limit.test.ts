import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import { expect } from 'chai';
import fc from 'fast-check';
import type { Test } from 'supertest';
import { parseApiKeys } from '@product-updates/http';
import { addressGroup, clientAddress } from '../src/client-address.ts';
import { createRateLimiter } from '../src/rate-limit.ts';
import { expectProblem, startService, until } from './service.ts';
import { converse, expectRawProblem, openSocket, parseAnswers, postHead, untilClosed } from './sockets.ts';

const good = { product_id: 'p1', price: 1 };

describe('RATE_LIMIT', () => {
  it('answers 429 with Retry-After, and lets in again when that is over', async () => {
    await using service = await startService({ options: { rateLimit: 2 } });
    const post = () => service.agent.post('/events').send(good);
    const first = await post().expect(202);
    expect(first.headers).to.include({ 'ratelimit-policy': '"updates";q=2;w=1', ratelimit: '"updates";r=1;t=1' });
    await post().expect(202);
    const refused = await post();
    expectProblem(refused, 429);
    expect(refused.headers).to.include({ 'retry-after': '1', ratelimit: '"updates";r=0;t=1' });
    expect(service.seen.refused).to.deep.equal([{ reason: 'rate_limited', updates: 1 }]);
    service.clock.advance(1000);
    await post().expect(202);
  });

  it('lets an array overdraw, and makes the client wait for it', async () => {
    await using service = await startService({ options: { rateLimit: 10 } });
    const post = (body: object) => service.agent.post('/events').send(body);
    await post(Array.from({ length: 45 }, () => good)).expect(202);
    const refused = await post(good);
    expectProblem(refused, 429);
    expect(refused.headers['retry-after']).to.equal('4');
    service.clock.advance(3500);
    expectProblem(await post(good), 429);
    service.clock.advance(100);
    await post(good).expect(202);
  });

  it('makes one bad update cost one, and what the queue did not take nothing', async () => {
    await using service = await startService({ capacity: 1, options: { rateLimit: 3, maxBatch: 10 } });
    const post = (body: object) => service.agent.post('/events').send(body);
    expectProblem(await post({ product_id: 'p' }), 400);
    await post(good).expect(202);
    expectProblem(await post([good, good, good]), 503);
    expectProblem(await post([good]), 503);
    expectProblem(await post({}), 400);
    expectProblem(await post(good), 429);
  });

  it('refuses what arrives when the bucket was emptied meanwhile, without looking at it', async () => {
    await using service = await startService({ options: { rateLimit: 1 } });
    const body = JSON.stringify([good, 7]);
    const slow = await openSocket(service.port);
    const begun = once(service.server, 'request');
    slow.write(postHead('Prefer: handling=lenient', `Content-Length: ${body.length}`, 'Connection: close'));
    await begun;
    await service.agent.post('/events').send(good).expect(202);
    slow.write(body);
    expectRawProblem(parseAnswers(await untilClosed(slow))[0], 429);
    expect(service.seen.refused).to.deep.equal([{ reason: 'rate_limited', updates: 1 }]);
  });

  for (const [what, body, status, wait] of [
    ['a bad array by its items', JSON.stringify(Array.from({ length: 40 }, () => ({ product_id: 'p' }))), 400, 4],
    [
      'an array with one bad item by all of them',
      JSON.stringify([...Array.from({ length: 39 }, () => good), 7]),
      400,
      4,
    ],
    ['too many updates by their number', JSON.stringify(Array.from({ length: 70 }, () => good)), 413, 7],
    ['one bad update by the size of a large one', JSON.stringify({ product_id: 'p', x: 'x'.repeat(80_000) }), 400, 4],
    ['an array without items by its size', `[${' '.repeat(1200)}]`, 400, 4],
    ['junk by what would fit into it', '['.repeat(1200), 400, 4],
    ['what has a byte order mark as junk', `\ufeff${' '.repeat(1197)}`, 400, 4],
    ['more junk by no more than an array may have', '['.repeat(90_000), 400, 6],
  ] as const) {
    it(`counts ${what}, and refuses the next one unread`, async () => {
      await using service = await startService({ options: { rateLimit: 10, maxBatch: 60 } });
      const send = (): Test => service.agent.post('/events').set('content-type', 'application/json');
      const refused = await send().send(body);
      expectProblem(refused, status);
      expect(refused.headers['ratelimit']).to.equal(`"updates";r=0;t=${wait}`);
      const next = await send().send(body);
      expectProblem(next, 429);
      expect(next.headers['retry-after']).to.equal(String(wait));
    });
  }

  it('counts what is not what its coding says by its bytes', async () => {
    await using service = await startService({ options: { rateLimit: 10, maxBatch: 60 } });
    const corrupt = postHead('Content-Encoding: gzip', 'Content-Length: 1200', 'Connection: close') + 'x'.repeat(1200);
    const [answer] = parseAnswers(await converse(service.port, corrupt));
    expectRawProblem(answer, 400);
    expect(answer?.headers['ratelimit']).to.equal('"updates";r=0;t=4');
  });

  it('counts a corrupt body in chunks by the few bytes that came', async () => {
    await using service = await startService({ options: { rateLimit: 100 } });
    const chunked = postHead('Content-Encoding: gzip', 'Transfer-Encoding: chunked', 'Connection: close');
    const answers = parseAnswers(await converse(service.port, `${chunked}3\r\nabc\r\n0\r\n\r\n`));
    expect(answers.map(({ status }) => status)).to.deep.equal([400]);
    await service.agent.post('/events').send({ product_id: 'p1', price: 1 }).expect(202);
  });

  it('counts a body that goes over the limit by the bytes that were read', async () => {
    await using service = await startService({ options: { rateLimit: 10, bodyLimitBytes: 1200 } });
    const chunk = `600\r\n${' '.repeat(0x600)}\r\n`;
    const [answer] = parseAnswers(await converse(service.port, postHead('Transfer-Encoding: chunked') + chunk));
    expectRawProblem(answer, 413);
    expect(answer?.headers['ratelimit']).to.equal('"updates";r=0;t=4');
  });

  it('counts all items of a lenient array, and gives back only the good ones that the queue did not take', async () => {
    await using service = await startService({ capacity: 2, options: { rateLimit: 10, maxBatch: 60 } });
    const post = (body: object): Test => service.agent.post('/events').set('prefer', 'handling=lenient').send(body);
    const taken = await post([good, 7, 7, 7]).expect(202);
    expect(taken.headers['ratelimit']).to.equal('"updates";r=6;t=1');
    expectProblem(await post([good, good, 7, 7]), 503);
    const last = await post([good]).expect(202);
    expect(last.headers['ratelimit']).to.equal('"updates";r=3;t=1');
  });

  it('parses one of many bad bodies that come at once', async () => {
    await using service = await startService({ options: { rateLimit: 10 } });
    const body = JSON.stringify(Array.from({ length: 1000 }, () => ({ x: 1 })));
    const sockets = await Promise.all(Array.from({ length: 14 }, () => openSocket(service.port)));
    const begun: unknown[] = [];
    service.server.on('request', (req) => begun.push(req));
    for (const socket of sockets) socket.write(postHead(`Content-Length: ${body.length}`, 'Connection: close'));
    await until(() => begun.length === sockets.length);
    const texts = sockets.map((socket) => untilClosed(socket));
    for (const socket of sockets) socket.write(body);
    const statuses = (await Promise.all(texts)).map((text) => parseAnswers(text)[0]?.status);
    expect(statuses.filter((status) => status === 400)).to.have.length(1);
    expect(statuses.filter((status) => status === 429)).to.have.length(13);
  });

  it('counts each key for itself, and leaves reading alone', async () => {
    const apiKeys = parseApiKeys('a:write+read:key-of-client-one,b:write:key-of-client-two');
    await using service = await startService({ options: { rateLimit: 1, apiKeys } });
    const post = (key: string) => service.agent.post('/events').set('x-api-key', key).send(good);
    await post('key-of-client-one').expect(202);
    expectProblem(await post('key-of-client-one'), 429);
    await post('key-of-client-two').expect(202);
    await service.agent.get('/products/p1').set('x-api-key', 'key-of-client-one').expect(404);
  });

  it('counts each address that the trusted proxies saw, not what clients claim', async () => {
    await using service = await startService({ options: { rateLimit: 1, trustProxy: 1 } });
    const post = (forwarded: string) => service.agent.post('/events').set('x-forwarded-for', forwarded).send(good);
    await post('9.9.9.9, 1.1.1.1').expect(202);
    expectProblem(await post('8.8.8.8, 1.1.1.1'), 429);
    await post('9.9.9.9, 2.2.2.2').expect(202);
    await using blunt = await startService({ options: { rateLimit: 1 } });
    await blunt.agent.post('/events').set('x-forwarded-for', '1.1.1.1').send(good).expect(202);
    expectProblem(await blunt.agent.post('/events').set('x-forwarded-for', '2.2.2.2').send(good), 429);
  });

  it('checks again when the body is there: many at once do not slip through together', async () => {
    await using service = await startService({ options: { rateLimit: 1 } });
    const all = await Promise.all(Array.from({ length: 20 }, () => service.agent.post('/events').send(good)));
    expect(all.filter(({ status }) => status === 202)).to.have.length(1);
    expect(all.filter(({ status }) => status === 429)).to.have.length(19);
  });
});

describe('createRateLimiter', () => {
  /** The rule, with an entry for each client and no bound on them. */
  function createExact(perSecond: number, now: () => number) {
    const fullAtMs = new Map<string, number>();
    const owed = (client: string): number => (Math.max(0, (fullAtMs.get(client) ?? 0) - now()) * perSecond) / 1000;
    return {
      isFree: (client: string) => perSecond - owed(client) >= 1 - 1e-6,
      take: (client: string, updates: number) =>
        fullAtMs.set(client, Math.max(now(), fullAtMs.get(client) ?? 0) + (updates * 1000) / perSecond),
    };
  }

  const steps = fc.array(
    fc.record({ client: fc.nat(30).map(String), updates: fc.integer({ min: 1, max: 50 }), laterMs: fc.nat(500) }),
    { maxLength: 300 },
  );

  it('does for each client what a bucket of its own would do', () => {
    fc.assert(
      fc.property(steps, fc.integer({ min: 1, max: 100 }), (sent, perSecond) => {
        let nowMs = 0;
        const limiter = createRateLimiter({ perSecond, now: () => nowMs });
        const exact = createExact(perSecond, () => nowMs);
        for (const { client, updates, laterMs } of sent) {
          nowMs += laterMs;
          const bucket = limiter.bucketOf(client);
          expect(bucket.waitSeconds() === 0).to.equal(exact.isFree(client));
          if (bucket.waitSeconds() > 0) continue;
          bucket.take(updates);
          exact.take(client, updates);
          // What is given back at once never happened.
          bucket.take(updates);
          bucket.take(-updates);
        }
      }),
      { numRuns: 50 },
    );
  });

  it('never gives a client more than its rate, however many share its cells', () => {
    fc.assert(
      fc.property(steps, fc.integer({ min: 1, max: 100 }), (sent, perSecond) => {
        let nowMs = 0;
        const limiter = createRateLimiter({ perSecond, now: () => nowMs, cellsInRow: 3 });
        const exact = createExact(perSecond, () => nowMs);
        for (const { client, updates, laterMs } of sent) {
          nowMs += laterMs;
          const bucket = limiter.bucketOf(client);
          if (bucket.waitSeconds() > 0) continue;
          expect(exact.isFree(client)).to.equal(true);
          bucket.take(updates);
          exact.take(client, updates);
        }
      }),
      { numRuns: 200 },
    );
  });

  it('lets newcomers in while more than 10,000 others owe', () => {
    const limiter = createRateLimiter({ perSecond: 10, now: () => 0 });
    for (let n = 0; n < 30_000; n += 1) limiter.bucketOf(`flood ${n}`).take(1000);
    let refused = 0;
    for (let n = 0; n < 788; n += 1) if (limiter.bucketOf(`honest ${n}`).waitSeconds() > 0) refused += 1;
    // About 1 in 500 shares all of its cells.
    expect(refused).to.be.lessThan(15);
    expect(limiter.bucketOf('flood 7').waitSeconds()).to.be.greaterThan(90);
  });

  it('does not mind a clock that steps back', () => {
    let nowMs = 3_600_000;
    const limiter = createRateLimiter({ perSecond: 1, now: () => nowMs });
    limiter.bucketOf('a').take(1);
    nowMs = 0;
    expect(limiter.bucketOf('a').waitSeconds()).to.equal(1);
    nowMs = 1000;
    expect(limiter.bucketOf('a').waitSeconds()).to.equal(0);
  });
});

describe('clientAddress', () => {
  const from = (remoteAddress: string | undefined, forwarded?: string) =>
    ({
      socket: { remoteAddress },
      headers: forwarded === undefined ? {} : { 'x-forwarded-for': forwarded },
    }) as unknown as IncomingMessage;

  it('counts the hops from the right', () => {
    expect(clientAddress(from('10.0.0.1', '1.1.1.1, 2.2.2.2, 3.3.3.3'), 0)).to.equal('10.0.0.1');
    expect(clientAddress(from('10.0.0.1', '1.1.1.1, 2.2.2.2, 3.3.3.3'), 1)).to.equal('3.3.3.3');
    expect(clientAddress(from('10.0.0.1', '1.1.1.1, 2.2.2.2, 3.3.3.3'), 2)).to.equal('2.2.2.2');
    expect(clientAddress(from('10.0.0.1', '1.1.1.1'), 3)).to.equal('1.1.1.1');
  });
  it('falls back to the connection where that is no address', () => {
    expect(clientAddress(from('10.0.0.1', 'unknown'), 1)).to.equal('10.0.0.1');
    expect(clientAddress(from('10.0.0.1', ''), 1)).to.equal('10.0.0.1');
    expect(clientAddress(from('10.0.0.1'), 1)).to.equal('10.0.0.1');
    expect(clientAddress(from(undefined), 0)).to.equal('');
  });
  it('leaves ports out', () => {
    expect(clientAddress(from('10.0.0.1', '1.1.1.1:80'), 1)).to.equal('1.1.1.1');
    expect(clientAddress(from('10.0.0.1', '[2001:db8::1]:80'), 1)).to.equal('2001:db8:0:0::/64');
  });
  it('groups IPv6 by /64 and sees IPv4 through it', () => {
    expect(addressGroup('::ffff:1.2.3.4')).to.equal('1.2.3.4');
    expect(addressGroup('2001:0DB8:1:2:3:4:5:6')).to.equal('2001:db8:1:2::/64');
    expect(addressGroup('2001:db8:1:2::9')).to.equal('2001:db8:1:2::/64');
    expect(addressGroup('::1')).to.equal('0:0:0:0::/64');
    expect(addressGroup('fe80::1%eth0')).to.equal('fe80:0:0:0::/64');
  });
});
