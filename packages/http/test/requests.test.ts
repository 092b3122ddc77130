import { once } from 'node:events';
import type { Socket } from 'node:net';
import { expect } from 'chai';
import { expectProblem, startService, startSlowService, until } from './service.ts';
import { converse, head, openSocket, parseAnswers, postUpdate, untilClosed, type RawAnswer } from './sockets.ts';

const json = 'Content-Type: application/json';

describe('a body that nobody needs', () => {
  const chunk = `10000\r\n${'x'.repeat(65_536)}\r\n`;
  for (const [method, path] of [
    ['GET', '/livez'],
    ['GET', '/products/p1'],
    ['GET', '/products?id=p1'],
    ['HEAD', '/livez'],
    ['DELETE', '/dead-letters/x'],
    ['OPTIONS', '/events'],
    ['GET', '/nothing'],
    ['POST', '/nothing'],
    ['POST', '/livez'],
    ['POST', '/dead-letters/x/replay'],
    ['PUT', '/events'],
  ] as const) {
    it(`does not go on for ever: ${method} ${path}`, async () => {
      await using service = await startService();
      const socket = await openSocket(service.port);
      const answer = untilClosed(socket);
      socket.write(head(method, path, json, 'Transfer-Encoding: chunked'));
      const flood = (): void => {
        while (socket.writable && socket.write(chunk));
      };
      socket.on('drain', flood);
      flood();
      // The kernel may have dropped the answer when the connection was reset: it is told elsewhere.
      expect((await answer).slice(0, 9)).to.be.oneOf(['HTTP/1.1 ', '']);
    });

    it(`ends the connection that may bring more: ${method} ${path}`, async () => {
      await using service = await startService({
        limits: { requestTimeoutMs: 200, headersTimeoutMs: 200, checkingIntervalMs: 20 },
      });
      const text = await converse(service.port, head(method, path, json, 'Transfer-Encoding: chunked'));
      expect(text)
        .to.match(/^HTTP\/1.1 \d{3} /)
        .and.match(/\r\nconnection: close\r\n/i);
    });
  }
});

describe('a client that has sent all it wants to', () => {
  const requests: Record<string, readonly [sent: string, statuses: readonly number[]]> = {
    'one update': [postUpdate, [202]],
    'a read': [head('GET', '/products/p1'), [404]],
    'several reads': [head('GET', '/products?id=p1'), [200]],
    'one after another': [postUpdate + head('GET', '/livez') + head('GET', '/products/p1'), [202, 200, 404]],
  };
  for (const [what, [sent, statuses]] of Object.entries(requests)) {
    it(`gets its answer, though that takes time: ${what}`, async () => {
      const waiting: (() => void)[] = [];
      const slow = <T>(work: () => Promise<T>): Promise<T> =>
        new Promise<void>((resolve) => waiting.push(resolve)).then(work);
      await using service = await startService({
        wrap: (deps) => ({
          ...deps,
          publisher: { publish: (messages) => slow(() => deps.publisher.publish(messages)) },
          products: {
            get: (id) => slow(() => deps.products.get(id)),
            getMany: (ids) => slow(() => deps.products.getMany(ids)),
          },
        }),
      });
      let ended = false;
      service.server.on('connection', (socket) => socket.on('end', () => (ended = true)));
      const socket = await openSocket(service.port);
      const answers = untilClosed(socket);
      socket.end(sent);
      // Requests of a connection may be served one after the other.
      const pending = statuses.length - (sent.includes('/livez') ? 1 : 0);
      await until(() => waiting.length > 0);
      for (let served = 0; served < pending; served += 1) {
        await until(() => waiting.length > served && (ended || pending > 1));
        waiting[served]?.();
      }
      expect(parseAnswers(await answers).map(({ status }): RawAnswer['status'] => status)).to.deep.equal(statuses);
    });
  }

  it('and asks for nothing is let go', async () => {
    await using service = await startService();
    const socket = await openSocket(service.port);
    socket.end();
    expect(await untilClosed(socket)).to.equal('');
  });

  it('and is gone is noticed when it is answered', async () => {
    const { service, publishing } = await startSlowService();
    const sockets = [await openSocket(service.port), await openSocket(service.port)];
    for (const socket of sockets) socket.write(postUpdate);
    await until(() => publishing.length === 2);
    const open = (): Promise<number> =>
      new Promise((resolve) => service.server.getConnections((_, count) => resolve(count)));
    sockets[0]?.resetAndDestroy();
    sockets[1]?.destroy();
    for (const resolve of publishing) resolve();
    while ((await open()) > 0) await new Promise(setImmediate);
    await service[Symbol.asyncDispose]();
  });
});

describe('the size of a head', () => {
  it('leaves room for 100 ids of 128 characters, in whatever script', async () => {
    await using service = await startService();
    const ids = Array.from({ length: 100 }, (_, index) => `${'😀'.repeat(125)}${String(index).padStart(3, '0')}`);
    const query = ids.map((id) => `id=${encodeURIComponent(id)}`).join('&');
    const longest = `id=${encodeURIComponent('😀'.repeat(128))}`;
    const headers = [`X: ${'x'.repeat(15_000)}`, 'Connection: close'];
    for (const asked of [query, Array.from({ length: 100 }, () => longest).join('&')]) {
      const [answer] = parseAnswers(await converse(service.port, head('GET', `/products?${asked}`, ...headers)));
      expect(answer?.status).to.equal(200);
      expect(answer?.body['missing']).to.have.length(100);
    }
  });

  it('does not count the query with the rest, however long it is', async () => {
    await using service = await startService();
    for (const length of [15_000, 15_900, 16_300, 16_384, 16_500, 30_000]) {
      const [answer] = parseAnswers(
        await converse(
          service.port,
          head('GET', `/livez?x=${'a'.repeat(length)}`, `X-Pad: ${'b'.repeat(800)}`, 'Connection: close'),
        ),
      );
      expect(answer?.status, String(length)).to.equal(200);
    }
  });

  it('is 431 beyond: fields, a path, a query', async () => {
    await using service = await startService();
    for (const request of [
      head('GET', '/livez', `X: ${'x'.repeat(16_400)}`),
      head('GET', '/livez?x', `X: ${'x'.repeat(100_000)}`),
      head('GET', '/livez', ...Array.from({ length: 900 }, (_, index) => `X-${index}: ${'x'.repeat(20)}`)),
      head('GET', `/${'x'.repeat(16_400)}`),
      head('GET', `/${'x'.repeat(16_400)}?`),
      head('GET', `/livez?${'x'.repeat(180_000)}`),
    ]) {
      const [answer] = parseAnswers(await converse(service.port, request));
      expectProblem(answer as RawAnswer, 431);
      expect(answer?.headers['connection']).to.equal('close');
    }
  });
});

describe('a client that offers another protocol', () => {
  const offer = head('GET', '/livez', 'Upgrade: h2c', 'Connection: Upgrade');

  it('loses nothing of what it sends while earlier answers are owed', async () => {
    const { service, publishing } = await startSlowService();
    const connected = once(service.server, 'connection') as Promise<[Socket]>;
    const socket = await openSocket(service.port);
    const answers = untilClosed(socket);
    socket.write(postUpdate + offer);
    await until(() => publishing.length === 1);
    // As others do who wait for earlier answers.
    const [connection] = await connected;
    connection.resume();
    socket.write(head('GET', '/nothing'));
    socket.write(head('GET', '/livez', 'Connection: close'));
    await until(() => socket.writableLength === 0);
    for (let turn = 0; turn < 20; turn += 1) await new Promise(setImmediate);
    publishing[0]?.();
    expect(parseAnswers(await answers).map(({ status }) => status)).to.deep.equal([202, 200, 404, 200]);
    await service[Symbol.asyncDispose]();
  });

  it('and goes away while earlier answers are owed does no harm', async () => {
    const { service, publishing } = await startSlowService();
    const connected = once(service.server, 'connection') as Promise<[Socket]>;
    const socket = await openSocket(service.port);
    socket.write(postUpdate + offer);
    await until(() => publishing.length === 1);
    const [connection] = await connected;
    const closed = new Promise((resolve) => {
      connection.once('close', resolve);
    });
    socket.resetAndDestroy();
    publishing[0]?.();
    await closed;
    await service.agent.get('/livez').expect(200);
    await service[Symbol.asyncDispose]();
  });
});
