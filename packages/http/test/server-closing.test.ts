import { once } from 'node:events';
import { connect, type AddressInfo, type Socket } from 'node:net';
import { expect } from 'chai';
import { closeHttpServer } from '@product-updates/http';
import { startService, startSlowService, until } from './service.ts';
import { converse, head, openSocket, parseAnswers, postHead, postUpdate, untilClosed, update } from './sockets.ts';

async function openSocketWith(port: number, text: string): Promise<Socket> {
  const socket = await openSocket(port);
  socket.write(text);
  return socket;
}

describe('closeHttpServer', () => {
  it('ends every answer with its connection, also those under way and those that come while it still listens', async () => {
    const { service, publishing } = await startSlowService();
    const waiting = untilClosed(await openSocketWith(service.port, postUpdate));
    await until(() => publishing.length === 1);
    service.http.drain();
    const closed = closeHttpServer(service.server);
    const late = parseAnswers(await converse(service.port, postUpdate));
    expect(late.map(({ status }) => status)).to.deep.equal([503]);
    publishing[0]?.();
    const answers = [...late, ...parseAnswers(await waiting)];
    expect(answers.map(({ status }) => status)).to.deep.equal([503, 202]);
    for (const { headers } of answers) expect(headers['connection']).to.equal('close');
    await closed;
    await service[Symbol.asyncDispose]();
  });

  it('answers the first of pipelined requests and ends cleanly behind it', async () => {
    const { service, publishing } = await startSlowService();
    const socket = await openSocketWith(service.port, postUpdate + postUpdate + head('GET', '/livez'));
    const resets: unknown[] = [];
    socket.on('error', (error) => resets.push(error));
    const text = untilClosed(socket);
    await until(() => publishing.length === 1);
    service.http.drain();
    const closed = closeHttpServer(service.server);
    socket.write(head('GET', '/livez').repeat(100));
    publishing[0]?.();
    const answers = parseAnswers(await text);
    expect(answers.map(({ status, headers }) => [status, headers['connection']])).to.deep.equal([[202, 'close']]);
    expect(resets).to.deep.equal([]);
    await closed;
    expect(publishing).to.have.length(1);
    await service[Symbol.asyncDispose]();
  });

  it('waits for an upload that goes on, however slowly', async () => {
    const service = await startService({ limits: { closingQuietMs: 50 } });
    const socket = await openSocket(service.port);
    const text = untilClosed(socket);
    const request = once(service.server, 'request');
    socket.write(postHead(`Content-Length: ${update.length}`));
    await request;
    const idle = untilClosed(await openSocket(service.port));
    const closed = closeHttpServer(service.server);
    // Silent for longer than what is idle may be.
    await idle;
    socket.write(update);
    const [accepted] = parseAnswers(await text);
    expect([accepted?.status, accepted?.headers['connection']]).to.deep.equal([202, 'close']);
    await closed;
    await service[Symbol.asyncDispose]();
  });

  it('waits for answers that are owed, and for nobody else', async () => {
    const { service, publishing } = await startSlowService();
    const silent = untilClosed(await openSocket(service.port));
    const resting = await openSocket(service.port);
    resting.write(head('GET', '/livez'));
    await once(resting, 'readable');
    const waiting = await openSocket(service.port);
    waiting.write(postUpdate);
    await until(() => publishing.length === 1);

    service.http.drain();
    const closed = closeHttpServer(service.server);
    const answer = untilClosed(waiting);
    await Promise.all([silent, untilClosed(resting)]);
    publishing[0]?.();
    const [accepted] = parseAnswers(await answer);
    expect(accepted?.status).to.equal(202);
    await closed;
    await service[Symbol.asyncDispose]();
  });

  it('cuts what is left when the signal fires', async () => {
    await using service = await startService();
    const socket = await openSocket(service.port);
    const request = once(service.server, 'request');
    socket.write(`${postHead('Content-Length: 29')}{`);
    await request;
    const gone = untilClosed(socket);
    const deadline = new AbortController();
    const closed = closeHttpServer(service.server, { signal: deadline.signal });
    deadline.abort();
    await closed;
    await gone;
  });

  it('waits no longer for a body than ever, and not at all for a head', async () => {
    const service = await startService({ limits: { requestTimeoutMs: 100, headersTimeoutMs: 100 } });
    const connections: Socket[] = [];
    service.server.on('connection', (socket: Socket) => connections.push(socket));
    const dribbling = await openSocket(service.port);
    const request = once(service.server, 'request');
    dribbling.write(postHead('Transfer-Encoding: chunked'));
    await request;
    const drip = setInterval(() => dribbling.write('1\r\n \r\n'), 10);
    const half = await openSocket(service.port);
    const late = await openSocket(service.port);
    late.write('GET /livez HT');
    await until(() => (connections[2]?.bytesRead ?? 0) > 0);
    const gone = [dribbling, half, late].map((socket) => untilClosed(socket));
    await closeHttpServer(service.server);
    clearInterval(drip);
    await Promise.all(gone);
    await service[Symbol.asyncDispose]();
  });

  it('does not wait for the rest of a body that is refused', async () => {
    const service = await startService();
    const socket = connect({ port: service.port, host: '127.0.0.1', allowHalfOpen: true });
    socket.write(postHead('Content-Length: 5000000'));
    await once(socket, 'data');
    const gone = new Promise((resolve) => {
      socket.once('close', resolve);
      socket.once('end', () => socket.end());
    });
    await closeHttpServer(service.server);
    await gone;
    await service[Symbol.asyncDispose]();
  });

  it('frees the port', async () => {
    const service = await startService();
    const { port } = service.server.address() as AddressInfo;
    await service[Symbol.asyncDispose]();
    let refused = false;
    await openSocket(port).catch(() => {
      refused = true;
    });
    expect(refused).to.equal(true);
  });
});
