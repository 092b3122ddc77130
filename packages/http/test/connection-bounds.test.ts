import { once } from 'node:events';
import type { Socket } from 'node:net';
import { expect } from 'chai';
import { startService, startSlowService, until, type Service } from './service.ts';
import { head, openSocket, parseAnswers, postHead, postUpdate, untilClosed, update } from './sockets.ts';

async function livez(socket: Socket): Promise<void> {
  const answer = once(socket, 'data');
  socket.write(head('GET', '/livez'));
  expect(String(await answer)).to.match(/^HTTP\/1.1 200/);
}

describe('connections', () => {
  const openMany = (port: number, count: number): Promise<Socket[]> =>
    Promise.all(Array.from({ length: count }, () => openSocket(port)));
  const connected = async (service: Service, count: number): Promise<void> => {
    for (let open = -1; open !== count;) {
      open = await new Promise<number>((resolve) => {
        service.server.getConnections((_error, number) => resolve(number));
      });
      await new Promise(setImmediate);
    }
  };

  it('that send nothing do not keep others out, and are let go', async () => {
    await using service = await startService({
      limits: { headersTimeoutMs: 300, requestTimeoutMs: 300, checkingIntervalMs: 50 },
    });
    const gone: Promise<string>[] = [];
    for (let i = 0; i < 500; i += 1) gone.push(untilClosed(await openSocket(service.port)));
    await service.agent.get('/livez').expect(200);
    for (const text of await Promise.all(gone)) expect(text).to.match(/^HTTP\/1.1 408 /);
    await connected(service, 0);
  });

  it('are bounded per address: the oldest that never asked makes room', async () => {
    await using service = await startService({ limits: { maxConnectionsPerAddress: 3 } });
    const silent = await openMany(service.port, 3);
    const gone = untilClosed(silent[0] as Socket);
    await service.agent.get('/livez').expect(200);
    expect(
      await Promise.race([gone, ...silent.slice(1).map((socket) => untilClosed(socket).then(() => 'another'))]),
    ).to.equal('');
    for (const socket of silent) socket.destroy();
  });

  it('are bounded in all, whatever the address', async () => {
    await using service = await startService({ limits: { maxConnections: 3, maxConnectionsPerAddress: 0 } });
    const silent = await openMany(service.port, 20);
    await connected(service, 3);
    await service.agent.get('/livez').expect(200);
    for (const socket of silent) socket.destroy();
  });

  it('whose heads do not end hold no more than their bound together: the largest go, others are served', async () => {
    await using service = await startService({ limits: { maxUnfinishedHeadBytes: 500_000 } });
    const small = await openSocket(service.port);
    small.write('GET /livez HTTP/1.1\r\nHost: localhost\r\nX-Slow: ');
    const large = await openMany(service.port, 10);
    const gone = large.map((socket) => untilClosed(socket));
    for (const socket of large) socket.write(`GET /products?id=${'a'.repeat(99_000)}`);
    await until(() => service.seen.dropped.length >= 5);
    await Promise.race(gone);
    expect(new Set(service.seen.dropped)).to.deep.equal(new Set(['unfinished_request']));
    const answer = once(small, 'data');
    small.write('1\r\n\r\n');
    expect(String(await answer)).to.match(/^HTTP\/1.1 200/);
    await livez(small);
    expect(service.seen.dropped.length).to.be.below(10);
    for (const socket of [small, ...large]) socket.destroy();
  });

  it('that were idle longest go first, served before or not', async () => {
    await using service = await startService({ limits: { maxConnections: 3 } });
    const open = (): Promise<Socket> => openSocket(service.port);
    const [first, second, third] = [await open(), await open(), await open()];
    // The order in which they become idle: second, third, first.
    for (const socket of [second, third, first]) await livez(socket);
    for (const oldest of [second, third, first]) {
      const gone = untilClosed(oldest);
      await livez(await open());
      await gone;
    }
    expect(service.seen.dropped).to.deep.equal(['idle', 'idle', 'idle']);
  });

  it('that are idle cannot lock others out from many addresses, and those at work are kept', async () => {
    const { service, publishing } = await startSlowService({ maxConnections: 40, maxConnectionsPerAddress: 10 });
    const working = await openSocket(service.port, '127.0.0.9');
    working.write(postUpdate);
    await until(() => publishing.length === 1);
    for (const address of ['127.0.0.2', '127.0.0.3', '127.0.0.4', '127.0.0.5']) {
      for (let i = 0; i < 30; i += 1) await livez(await openSocket(service.port, address));
    }
    for (let i = 0; i < 50; i += 1) await livez(await openSocket(service.port, '127.0.0.6'));
    await connected(service, 40);
    const answer = once(working, 'data');
    publishing[0]?.();
    expect(String(await answer)).to.match(/^HTTP\/1.1 202/);
    await service[Symbol.asyncDispose]();
  });

  it('whose requests do not arrive go where none is idle', async () => {
    await using service = await startService({ limits: { maxConnectionsPerAddress: 2 } });
    const [first, second] = await openMany(service.port, 2);
    for (const socket of [first, second]) {
      const request = once(service.server, 'request');
      socket?.write(postHead(`Content-Length: ${update.length}`));
      await request;
    }
    const gone = untilClosed(first as Socket);
    await livez(await openSocket(service.port));
    await gone;
    second?.write(update);
    expect(String(await once(second as Socket, 'data'))).to.match(/^HTTP\/1.1 202/);
    expect(service.seen.dropped).to.deep.equal(['unfinished_request']);
    second?.destroy();
  });

  it('beyond the bound are cut where all others wait for answers', async () => {
    const { service, publishing } = await startSlowService({ maxConnectionsPerAddress: 2 });
    const waiting = await openMany(service.port, 2);
    for (const socket of waiting) socket.write(postUpdate);
    await until(() => publishing.length === 2);
    expect(await untilClosed(await openSocket(service.port))).to.equal('');
    expect(service.seen.dropped).to.deep.equal(['all_busy']);
    const answers = waiting.map((socket) => once(socket, 'data'));
    for (const publish of publishing) publish();
    for (const answer of answers) expect(String(await answer)).to.match(/^HTTP\/1.1 202/);
    await service[Symbol.asyncDispose]();
  });
});

describe('answers that nobody reads', () => {
  const answerBytes = 20_000_000;

  it('are bounded in all: who has not read for longest is cut, and others are served', async () => {
    const body = 'x'.repeat(answerBytes);
    await using service = await startService({
      limits: { maxUnreadBytes: 4 * answerBytes },
      wrap: (deps) => ({ ...deps, metrics: async () => ({ contentType: 'text/plain', body }) }),
    });
    const sockets: Socket[] = [];
    let unread = (): number => 0;
    service.server.on('connection', (socket: Socket) => {
      const before = unread;
      unread = () => before() + (socket.destroyed ? 0 : socket.writableLength);
    });
    for (let i = 0; i < 10; i += 1) {
      const socket = await openSocket(service.port);
      socket.pause();
      socket.write(head('GET', '/metrics'));
      sockets.push(socket);
      await until(() => service.seen.responded.length === i + 1);
      expect(unread()).to.be.at.most(4 * answerBytes);
    }
    expect(service.seen.dropped.length).to.be.within(6, 9);
    expect(new Set(service.seen.dropped)).to.deep.equal(new Set(['unread_answer']));
    const { text } = await service.agent.get('/metrics').expect(200);
    expect(text).to.have.length(answerBytes);
    // The last one has only begun to wait.
    const last = untilClosed(sockets.at(-1) as Socket);
    sockets.at(-1)?.resume().end();
    expect((await last).length).to.be.greaterThan(answerBytes);
    for (const socket of sockets) socket.destroy();
  });
});

describe('pipelined requests', () => {
  it('are served one after the other, and no more is read while they wait', async () => {
    const { service, publishing } = await startSlowService();
    const socket = await openSocket(service.port);
    const request = once(service.server, 'request') as Promise<[{ socket: Socket }]>;
    socket.write(postUpdate);
    const [{ socket: connection }] = await request;
    socket.write(postUpdate);
    await until(() => connection.isPaused());
    expect(publishing).to.have.length(1);
    const text = untilClosed(socket);
    socket.write(postUpdate.replace('\r\n', '\r\nConnection: close\r\n'));
    for (let n = 0; n < 3; n += 1) {
      await until(() => publishing.length === n + 1);
      publishing[n]?.();
    }
    expect(parseAnswers(await text).map(({ status }) => status)).to.deep.equal([202, 202, 202]);
    await service[Symbol.asyncDispose]();
  });

  it('beyond the bound cost the one that brings them, not the next ones', async () => {
    const { service, publishing } = await startSlowService({ maxPipelined: 50 });
    await using _ = service;
    const flooder = await openSocket(service.port);
    flooder.write(postUpdate.repeat(200));
    const others = await Promise.all(Array.from({ length: 19 }, () => openSocket(service.port)));
    for (const socket of others) socket.write(postUpdate.repeat(2));
    await until(() => service.seen.dropped.length > 0 && publishing.length === 20);
    await service.agent.get('/livez').expect(200);
    expect(service.seen.dropped).to.deep.equal(['pipelining']);
    for (const socket of [flooder, ...others]) socket.destroy();
    for (const publish of publishing) publish();
  });

  it('are bounded in all: a connection that brings too many is cut', async () => {
    const { service, publishing } = await startSlowService({ maxPipelined: 50 });
    const modest = await openSocket(service.port);
    const answers = untilClosed(modest);
    modest.write(postUpdate.repeat(3) + head('GET', '/livez', 'Connection: close'));
    await until(() => publishing.length === 1);
    const flood = await openSocket(service.port);
    const gone = untilClosed(flood);
    flood.write(postUpdate.repeat(100));
    await gone;
    expect(service.seen.dropped).to.deep.equal(['pipelining']);
    for (let n = 0; n < 4; n += 1) {
      await until(() => publishing.length > n);
      publishing[n]?.();
    }
    publishing[4]?.();
    expect(parseAnswers(await answers).map(({ status }) => status)).to.deep.equal([202, 202, 202, 200]);
    await service[Symbol.asyncDispose]();
  });
});
