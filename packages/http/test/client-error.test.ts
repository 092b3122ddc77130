import { once } from 'node:events';
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
  type RawAnswer,
} from './sockets.ts';

const impatient: ServiceOptions = {
  limits: { headersTimeoutMs: 100, requestTimeoutMs: 200, keepAliveTimeoutMs: 100, checkingIntervalMs: 20 },
};

describe('what Node itself refuses', () => {
  let service: Service;
  beforeEach(async () => {
    service = await startService(impatient);
  });
  afterEach(() => service[Symbol.asyncDispose]());
  const ask = async (text: string): Promise<RawAnswer[]> => parseAnswers(await converse(service.port, text));

  const malformed: Record<string, string> = {
    garbage: 'GARBAGE\r\n\r\n',
    'another version': 'GET / HTTP/9.1\r\n\r\n',
    'the preface of HTTP/2': 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n',
    TLS: '\u0016\u0003\u0001\u0002\u0000\u0001',
    'a raw byte in the URL': 'GET /products/é HTTP/1.1\r\nHost: x\r\n\r\n',
    'two lengths': head('POST', '/events', 'Content-Length: 3', 'Content-Length: 4'),
    'a negative length': head('POST', '/events', 'Content-Length: -3'),
    'a length and chunks': head('POST', '/events', 'Content-Length: 3', 'Transfer-Encoding: chunked'),
    'a header without a colon': 'GET / HTTP/1.1\r\nHost x\r\n\r\n',
    'a folded NUL': 'GET / HTTP/1.1\r\nHost: x\0y\r\n\r\n',
  };
  for (const [what, text] of Object.entries(malformed)) {
    it(`is a 400 problem: ${what}`, async () => {
      const answers = await ask(text);
      expect(answers).to.have.length(1);
      expectRawProblem(answers[0], 400);
      expect(service.seen.refused).to.deep.equal([{ reason: 'malformed', updates: 1 }]);
      expect(service.seen.responded).to.deep.equal(['OTHER unparsed 400']);
    });
  }

  it('is a 431 problem: headers too large', async () => {
    expectRawProblem((await ask(head('GET', '/livez', `X: ${'x'.repeat(20_000)}`)))[0], 431);
    expectRawProblem((await ask(head('GET', `/${'x'.repeat(20_000)}`)))[0], 431);
  });

  it('is a 408 problem: silence, half a header, half a body', async () => {
    for (const text of [
      '',
      'GET /livez HT',
      head('GET', '/livez').slice(0, -2),
      `${postHead('Content-Length: 29')}{"prod`,
    ]) {
      expectRawProblem((await ask(text))[0], 408);
    }
    expect(service.seen.refused.every(({ reason }) => reason === 'timeout')).to.equal(true);
    expect(service.seen.refused).to.have.length(4);
  });

  it('is a 408 problem: a body that dribbles', async () => {
    const socket = await openSocket(service.port);
    const answer = untilClosed(socket);
    socket.write(postHead('Transfer-Encoding: chunked'));
    const drip = setInterval(() => socket.write('1\r\n \r\n'), 10);
    const [first] = parseAnswers(await answer);
    clearInterval(drip);
    expectRawProblem(first, 408);
    expect((await service.queue.stats()).depth).to.equal(0);
  });

  it('is a 400 problem: a malformed chunk, and the stream ends there', async () => {
    const answers = await ask(`${postHead('Transfer-Encoding: chunked')}zz\r\n`);
    expect(answers).to.have.length(1);
    expectRawProblem(answers[0], 400);
  });

  it('is a 413 problem: the extensions of a chunk without end', async () => {
    const [answer] = await ask(`${postHead('Transfer-Encoding: chunked')}1;${'x'.repeat(20_000)}`);
    expectRawProblem(answer, 413);
  });

  it('is a 417 problem: another expectation', async () => {
    const [answer] = await ask(head('GET', '/livez', 'Expect: miracles'));
    expectRawProblem(answer, 417);
  });

  it('is a 405 problem: a tunnel', async () => {
    const [answer] = await ask('CONNECT example.com:443 HTTP/1.1\r\nHost: example.com:443\r\n\r\n');
    expectRawProblem(answer, 405);
    expect(answer?.headers['allow']).to.include('POST');
  });

  it('comes behind the answers that are still owed', async () => {
    const { service: slow, publishing } = await startSlowService();
    const answer = converse(slow.port, `${postUpdate}GARBAGE\r\n\r\n`);
    await until(() => slow.seen.refused.length > 0 && publishing.length > 0);
    publishing[0]?.();
    const [first, second] = parseAnswers(await answer);
    expect(first?.status).to.equal(202);
    expectRawProblem(second, 400);
    await slow[Symbol.asyncDispose]();
  });

  it('comes after answers that are out', async () => {
    const socket = await openSocket(service.port);
    socket.write(head('GET', '/livez'));
    await once(socket, 'readable');
    const rest = untilClosed(socket);
    socket.write('GARBAGE\r\n\r\n');
    expect(parseAnswers(await rest).map(({ status }) => status)).to.deep.equal([200, 400]);
  });
});
