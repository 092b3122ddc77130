import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import { expect } from 'chai';
import { parseApiKeys } from '@product-updates/http';
import { addressGroup, clientAddress } from '../src/client-address.ts';
import { createRateLimiter } from '../src/rate-limit.ts';
import { expectProblem, startService } from './service.ts';
import { expectRawProblem, openSocket, parseAnswers, postHead, untilClosed } from './sockets.ts';

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

  it('makes what cannot be parsed cost one, and what the queue did not take nothing', async () => {
    await using service = await startService({ capacity: 1, options: { rateLimit: 3, maxBatch: 10 } });
    const post = (body: object) => service.agent.post('/events').send(body);
    expectProblem(await post({ product_id: 'p' }), 400);
    await post(good).expect(202);
    expectProblem(await post([good, good, good]), 503);
    expectProblem(await post([good]), 503);
    expectProblem(await post({}), 400);
    expectProblem(await post(good), 429);
  });

  it('refuses what arrives when the bucket was emptied meanwhile, and counts all of it', async () => {
    await using service = await startService({ options: { rateLimit: 1 } });
    const body = JSON.stringify([good, 7]);
    const slow = await openSocket(service.port);
    const begun = once(service.server, 'request');
    slow.write(postHead('Prefer: handling=lenient', `Content-Length: ${body.length}`, 'Connection: close'));
    await begun;
    await service.agent.post('/events').send(good).expect(202);
    slow.write(body);
    expectRawProblem(parseAnswers(await untilClosed(slow))[0], 429);
    expect(service.seen.refused).to.deep.equal([{ reason: 'rate_limited', updates: 2 }]);
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
  it('tells a bounded number of clients apart; the others share one bucket', () => {
    let nowMs = 0;
    const limiter = createRateLimiter({ perSecond: 2, now: () => nowMs, clientsMax: 2 });
    limiter.take('a', 5);
    limiter.take('b', 1);
    limiter.take('c', 2);
    expect(limiter.waitSeconds('d'), 'd shares with c').to.equal(1);
    nowMs += 1000;
    expect(limiter.waitSeconds('d'), 'b was full again and made room').to.equal(0);
    expect(limiter.waitSeconds('a'), 'a still owes').to.equal(1);
  });

  it('does not mind a clock that steps back', () => {
    let nowMs = 3_600_000;
    const limiter = createRateLimiter({ perSecond: 1, now: () => nowMs });
    limiter.take('a', 1);
    nowMs = 0;
    expect(limiter.waitSeconds('a')).to.equal(1);
    nowMs = 1000;
    expect(limiter.waitSeconds('a')).to.equal(0);
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
