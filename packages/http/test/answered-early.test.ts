import { once } from 'node:events';
import { expect } from 'chai';
import type { Middleware } from 'koa';
import { buryUpdates, startService, until } from './service.ts';
import { converse, head, openSocket, parseAnswers, postHead, update, untilClosed } from './sockets.ts';

const brokenChunk = 'ZZ\r\n';

describe('a request that is refused while it arrives', () => {
  it('is not served when its turn comes, and ends no process', async () => {
    await using service = await startService();
    await service.agent.post('/events').send({ product_id: 'b', price: 1 }).expect(202);
    await service.settle();
    const second = head('GET', '/products/b', 'Transfer-Encoding: chunked') + brokenChunk;
    const answers = parseAnswers(await converse(service.port, head('GET', '/products/a') + second));
    expect(answers.map(({ status }) => status)).to.deep.equal([404, 400]);
    await service.agent.get('/products/b').expect(200);
    expect(service.seen.failed).to.deep.equal([]);
  });

  it('does nothing, though it was parsed', async () => {
    await using service = await startService();
    await buryUpdates(service, 1);
    const [letter] = await service.store.deadLetters.list({ limit: 1 });
    const remove = head('DELETE', `/dead-letters/${letter?.id}`, 'Transfer-Encoding: chunked') + brokenChunk;
    const answers = parseAnswers(await converse(service.port, head('GET', '/products/a') + remove));
    expect(answers.map(({ status }) => status)).to.deep.equal([404, 400]);
    expect(await service.store.deadLetters.count()).to.equal(1);
  });

  for (const rateLimit of [0, 100]) {
    it(`is not taken when its end comes after the 408 (rate limit ${rateLimit})`, async () => {
      await using service = await startService({
        options: { rateLimit },
        limits: { headersTimeoutMs: 50, requestTimeoutMs: 50, checkingIntervalMs: 10 },
      });
      const socket = await openSocket(service.port);
      socket.write(postHead(`Content-Length: ${update.length}`) + update.slice(0, 5));
      const closed = untilClosed(socket);
      await once(socket, 'data');
      socket.write(update.slice(5));
      expect(await closed).to.match(/^HTTP\/1.1 408 /);
      expect(service.seen.accepted).to.deep.equal([]);
      expect(service.seen.failed).to.deep.equal([]);
    });
  }

  it('replays nothing where its body is cut off', async () => {
    await using service = await startService();
    await buryUpdates(service, 1);
    const socket = await openSocket(service.port);
    socket.write(
      head('POST', '/dead-letters/replay', 'Content-Type: application/json', 'Content-Length: 30') + '{"a":',
    );
    await once(service.server, 'request');
    socket.destroy();
    await until(() => service.seen.responded.some((line) => line.includes('/dead-letters/replay')));
    expect(await service.store.deadLetters.count()).to.equal(1);
    expect((await service.queue.stats()).depth).to.equal(0);
  });
});

describe('a middleware', () => {
  it('that reads the body itself is a bug that is told, not a request that hangs', async () => {
    await using service = await startService();
    const reader: Middleware = async (ctx, next) => {
      for await (const chunk of ctx.req) void chunk;
      await next();
    };
    service.http.app.use(reader);
    await service.agent.post('/events').send({ product_id: 'p1', price: 1 }).expect(500);
    expect(String(service.seen.failed[0]?.error)).to.include('a middleware has read the body');
    service.seen.failed.length = 0;
  });

  it('sees the end also of a request whose client went away', async () => {
    await using service = await startService();
    let inside = 0;
    let begun = 0;
    service.http.app.use(async (_ctx, next) => {
      inside += 1;
      begun += 1;
      try {
        await next();
      } finally {
        inside -= 1;
      }
    });
    const sockets = await Promise.all(Array.from({ length: 5 }, () => openSocket(service.port)));
    for (const socket of sockets) socket.write(postHead('Content-Length: 100') + '{"a":');
    await until(() => begun === 5);
    for (const socket of sockets) socket.destroy();
    await until(() => inside === 0);
    expect(service.seen.responded.filter((line) => line.startsWith('POST'))).to.deep.equal([]);
  });
});
