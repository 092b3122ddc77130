import { once } from 'node:events';
import type { Socket } from 'node:net';
import { expect } from 'chai';
import { startService, startSlowService, until, type Service, type ServiceOptions } from './service.ts';
import {
  converse,
  expectRawProblem,
  head,
  openSocket,
  parseAnswers,
  postHead,
  postUpdate,
  untilClosed,
  update,
} from './sockets.ts';

const impatient: ServiceOptions = {
  limits: { headersTimeoutMs: 100, requestTimeoutMs: 200, keepAliveTimeoutMs: 100, checkingIntervalMs: 20 },
};

describe('a client that', () => {
  let service: Service;
  beforeEach(async () => {
    service = await startService(impatient);
  });
  afterEach(() => service[Symbol.asyncDispose]());

  it('goes away in mid-body leaves nothing behind', async () => {
    for (const leave of ['destroy', 'resetAndDestroy'] as const) {
      const socket = await openSocket(service.port);
      const begun = once(service.server, 'request') as Promise<[{ socket: Socket }]>;
      socket.write(`${postHead('Content-Length: 29')}{"prod`);
      const [{ socket: connection }] = await begun;
      const closed = new Promise((resolve) => {
        connection.once('close', resolve);
      });
      socket[leave]();
      await closed;
    }
    expect((await service.queue.stats()).depth).to.equal(0);
    expect(service.seen.accepted).to.have.length(0);
    await service.agent.get('/livez').expect(200);
  });

  it('stops sending in mid-body is told so, while it still listens', async () => {
    const socket = await openSocket(service.port);
    const answer = untilClosed(socket);
    socket.end(`${postHead('Content-Length: 29')}{"prod`);
    expectRawProblem(parseAnswers(await answer)[0], 400);
  });

  it('goes away before the answer is ready does no harm', async () => {
    const { service: slow, publishing } = await startSlowService();
    const socket = await openSocket(slow.port);
    const request = once(slow.server, 'request') as Promise<[unknown, NodeJS.EventEmitter]>;
    socket.write(postUpdate);
    const [, response] = await request;
    const closed = once(response, 'close');
    // Less than a reset may be a client that still listens.
    socket.resetAndDestroy();
    await closed;
    publishing[0]?.();
    await slow.agent.get('/livez').expect(200);
    expect(slow.seen.accepted).to.have.length(1);
    await slow[Symbol.asyncDispose]();
  });

  it('waits for 100 Continue is told to go on, or why not', async () => {
    const socket = await openSocket(service.port);
    const text = untilClosed(socket);
    socket.write(postHead(`Content-Length: ${update.length}`, 'Expect: 100-continue', 'Connection: close'));
    const [go] = (await once(socket, 'data')) as [string];
    expect(go).to.equal('HTTP/1.1 100 Continue\r\n\r\n');
    socket.write(update);
    expect(await text).to.include('HTTP/1.1 202 Accepted');

    const refused = await openSocket(service.port);
    refused.write(
      head('POST', '/events', 'Content-Type: text/plain', 'Content-Length: 9999999', 'Expect: 100-continue'),
    );
    const [why] = (await once(refused.setEncoding('utf8'), 'data')) as [string];
    expect(why).to.match(/^HTTP\/1.1 415 /);
    refused.destroy();
  });

  it('waits for 100 Continue before a replay is told to go on', async () => {
    const socket = await openSocket(service.port);
    const text = untilClosed(socket);
    const type = 'Content-Type: application/json';
    socket.write(
      head('POST', '/dead-letters/replay', type, 'Content-Length: 2', 'Expect: 100-continue', 'Connection: close'),
    );
    await once(socket, 'data');
    socket.write('{}');
    expect(await text).to.match(/^HTTP\/1.1 100 Continue\r\n\r\nHTTP\/1.1 202 /);
  });

  it('sends far too much gets to read why, before it is cut off', async () => {
    const [answer] = parseAnswers(
      await converse(service.port, `${postHead('Content-Length: 5000000')}${'x'.repeat(5_000_000)}`),
    );
    expectRawProblem(answer, 413);
  });

  it('never stops sending is cut off', async () => {
    const socket = await openSocket(service.port);
    const answer = untilClosed(socket);
    socket.write(postHead('Transfer-Encoding: chunked'));
    const chunk = `10000\r\n${'x'.repeat(65_536)}\r\n`;
    const flood = (): void => {
      while (socket.writable && socket.write(chunk));
    };
    socket.on('drain', flood);
    flood();
    expect((await answer).slice(0, 12)).to.equal('HTTP/1.1 413');
  });

  it('was told 413 and then keeps silent is cut off', async () => {
    const [answer, ...others] = parseAnswers(await converse(service.port, `${postHead('Content-Length: 5000000')}xxx`));
    expectRawProblem(answer, 413);
    expect(others).to.have.length(0);
  });

  for (const [what, refused, status] of [
    ['was told 413', postHead('Content-Length: 5000000'), 413],
    ['was told 415 before a large body', head('POST', '/events', 'Content-Type: x/y', 'Content-Length: 5000000'), 415],
    ['was told 404 before a body without end', head('GET', '/nothing', 'Transfer-Encoding: chunked'), 404],
  ] as const) {
    it(`${what} sees the end of the connection at once`, async () => {
      await using patient = await startService();
      const [answer, ...others] = parseAnswers(await converse(patient.port, refused));
      expect(answer?.status).to.equal(status);
      expect(answer?.headers['connection']).to.equal('close');
      expect(others).to.have.length(0);
    });
  }

  it('asks with HEAD and a body without end gets the head of the answer, and the end', async () => {
    await using patient = await startService();
    const text = await converse(patient.port, head('HEAD', '/nothing', 'Transfer-Encoding: chunked'));
    expect(text)
      .to.match(/^HTTP\/1.1 404 /)
      .and.match(/\r\n\r\n$/);
  });

  it('is refused behind an answer that is still owed gets both', async () => {
    const { service: slow, publishing } = await startSlowService();
    const socket = await openSocket(slow.port);
    const answers = untilClosed(socket);
    const body = 'x'.repeat(5_000_000);
    socket.write(`${postUpdate}${postHead(`Content-Length: ${body.length}`)}${body}`);
    await until(() => publishing.length === 1);
    publishing[0]?.();
    expect(parseAnswers(await answers).map(({ status }) => status)).to.deep.equal([202, 413]);
    await slow[Symbol.asyncDispose]();
  });

  it('was told 413 and goes away does no harm', async () => {
    const socket = await openSocket(service.port);
    socket.write(postHead('Content-Length: 5000000'));
    await once(socket, 'data');
    socket.destroy();
    await service.agent.get('/livez').expect(200);
  });

  it('is refused with a small body may keep its connection', async () => {
    const text = `${head('POST', '/events', 'Content-Type: text/plain', 'Content-Length: 5')}hello${head('GET', '/livez', 'Connection: close')}`;
    const answers = parseAnswers(await converse(service.port, text));
    expect(answers.map(({ status }) => status)).to.deep.equal([415, 200]);
  });

  it('pipelines gets its answers in order', async () => {
    const text = `${postUpdate}${head('GET', '/products/p1')}${head('GET', '/x', 'Connection: close')}`;
    const answers = parseAnswers(await converse(service.port, text));
    expect(answers.map(({ status }) => status)).to.deep.equal([202, 404, 404]);
  });

  it('sends an empty query is served by the hot routes all the same', async () => {
    const text = `${postUpdate.replace('/events', '/events?')}${head('GET', '/products/p1?', 'Connection: close')}`;
    const answers = parseAnswers(await converse(service.port, text));
    expect(answers.map(({ status }) => status)).to.deep.equal([202, 404]);
    expect(service.seen.responded).to.have.members(['POST /events 202', 'GET /products/{id} 404']);
  });

  it('rests too long between requests is let go', async () => {
    const answers = parseAnswers(await converse(service.port, head('GET', '/livez')));
    expect(answers.map(({ status }) => status)).to.deep.equal([200]);
  });

  it('does not read its answer is let go', async () => {
    const big = 'x'.repeat(20_000_000);
    await using patient = await startService({
      limits: { idleTimeoutMs: 100 },
      wrap: (deps) => ({ ...deps, metrics: async () => ({ contentType: 'text/plain', body: big }) }),
    });
    const socket = await openSocket(patient.port);
    socket.pause();
    const connection = once(patient.server, 'request') as Promise<[{ socket: Socket }]>;
    socket.write(head('GET', '/metrics'));
    const [{ socket: other }] = await connection;
    if (!other.destroyed) await once(other, 'close');
    socket.destroy();
  });
});
