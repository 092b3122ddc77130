import { expect } from 'chai';
import { parseApiKeys } from '@product-updates/http';
import { expectProblem, startService, type Service } from './service.ts';
import { converse, head, parseAnswers, postHead, postUpdate, update } from './sockets.ts';

/** Comes last on each connection: answered with 200 only where the connection went on until then. */
const last = head('GET', '/livez', 'Connection: close');
const get = (version: string, ...headers: readonly string[]): string =>
  `GET /livez ${version}\r\n${headers.map((line) => `${line}\r\n`).join('')}\r\n`;
const chunked = (body: string): string => `${body.length.toString(16)}\r\n${body}\r\n0\r\n\r\n`;
const post10 = (...headers: readonly string[]): string => postHead(...headers).replace('HTTP/1.1', 'HTTP/1.0');

/** What is sent, and the statuses that come back; 200 at the end is the answer to `last`. */
const conversations: Record<string, readonly [sent: string, statuses: readonly number[]]> = {
  // Versions (RFC 9110, 15.6.6)
  'HTTP/1.0': [get('HTTP/1.0'), [200]],
  'HTTP/1.0 that is kept alive': [get('HTTP/1.0', 'Connection: keep-alive'), [200, 200]],
  'HTTP/2.0 in a request line': [get('HTTP/2.0', 'Host: localhost'), [505]],
  'HTTP/0.9': [get('HTTP/0.9'), [505]],
  'HTTP/0.9 without a version': ['GET /livez\r\n\r\n', [505]],

  // Expect (RFC 9110, 10.1.1)
  'Expect in HTTP/1.0, which has no interim answers': [
    post10('Expect: 100-continue', 'Content-Length: 29') + update,
    [202],
  ],
  'Expect with nothing to wait for': [head('GET', '/livez', 'Expect: 100-continue'), [200]],
  'Expect of a POST without a body': [postHead('Expect: 100-continue'), [400]],
  Expect: [postHead('Expect: 100-Continue', 'Content-Length: 29') + update, [100, 202, 200]],

  // Host and targets (RFC 9112, 3.2)
  'no Host': [get('HTTP/1.1'), [400]],
  'two Hosts': [get('HTTP/1.1', 'Host: localhost', 'Host: localhost'), [400]],
  'a Host that is none': [get('HTTP/1.1', 'Host: a b/c'), [400]],
  'an absolute URL': ['GET http://localhost/livez HTTP/1.1\r\nHost: localhost\r\n\r\n', [200, 200]],
  'an absolute URL with a query': ['GET http://localhost?x=1 HTTP/1.1\r\nHost: localhost\r\n\r\n', [404, 200]],
  'an absolute URL without Host': ['GET http://localhost/livez HTTP/1.1\r\n\r\n', [400]],
  'an absolute URL without Host, on a hot route': ['GET http://localhost/products/p1 HTTP/1.1\r\n\r\n', [400]],
  'an absolute URL without Host in HTTP/1.0': ['GET http://localhost/livez HTTP/1.0\r\n\r\n', [200]],
  'an absolute URL with a Host that is none': ['GET http://localhost/livez HTTP/1.1\r\nHost: a b\r\n\r\n', [400]],
  'an absolute URL with a user': ['GET http://a@localhost/livez HTTP/1.1\r\nHost: localhost\r\n\r\n', [400]],
  'an absolute URL of another scheme': ['GET ftp://localhost/livez HTTP/1.1\r\nHost: localhost\r\n\r\n', [400, 200]],
  'OPTIONS *': [head('OPTIONS', '*'), [204, 200]],
  'OPTIONS of a server': ['OPTIONS http://localhost HTTP/1.1\r\nHost: localhost\r\n\r\n', [204, 200]],
  'an asterisk but not OPTIONS': [head('GET', '*'), [400, 200]],
  'an authority but not CONNECT': [head('GET', 'localhost:80'), [400]],
  'a tunnel': [head('CONNECT', 'localhost:80'), [405]],

  // The length of a body (RFC 9112, 6)
  'a signed length': [`${postHead('Content-Length: +29')}${update}`, [400]],
  'a hexadecimal length': [`${postHead('Content-Length: 0x1d')}${update}`, [400]],
  'a list of lengths': [`${postHead('Content-Length: 29, 29')}${update}`, [400]],
  'the same length twice': [`${postHead('Content-Length: 29', 'Content-Length: 29')}${update}`, [400]],
  'no length in its field': [postHead('Content-Length:'), [400]],
  'a length beyond all numbers': [postHead(`Content-Length: ${'9'.repeat(30)}`), [400]],
  'a length and chunks': [postHead('Content-Length: 3', 'Transfer-Encoding: chunked') + chunked(update), [400]],
  'chunks and a length': [postHead('Transfer-Encoding: chunked', 'Content-Length: 3') + chunked(update), [400]],
  'chunks in HTTP/1.0': [post10('Transfer-Encoding: chunked') + chunked(update), [400]],
  'chunks in HTTP/1.0 that is kept alive': [
    post10('Connection: keep-alive', 'Transfer-Encoding: chunked') + chunked(update),
    [400],
  ],
  chunks: [postHead('Transfer-Encoding: Chunked') + chunked(update), [202, 200]],
  'chunks twice': [postHead('Transfer-Encoding: chunked, chunked') + chunked(update), [400]],
  'chunks that are not last': [postHead('Transfer-Encoding: chunked, gzip') + chunked(update), [400]],
  'chunks of something compressed': [postHead('Transfer-Encoding: gzip, chunked') + chunked(update), [501]],
  'no chunks but something compressed': [postHead('Transfer-Encoding: gzip'), [400]],
  'almost chunks': [postHead('Transfer-Encoding: xchunked') + chunked(update), [400]],
  'chunks with extensions and trailers': [
    `${postHead('Transfer-Encoding: chunked')}1d;a=b;c="d"\r\n${update}\r\n0\r\nX: y\r\nHost: other\r\n\r\n`,
    [202, 200],
  ],
  'a trailer that is a length': [
    `${postHead('Transfer-Encoding: chunked')}1d\r\n${update}\r\n0\r\nContent-Length: 7\r\n\r\n`,
    [400],
  ],
  'a chunk of a negative size': [`${postHead('Transfer-Encoding: chunked')}-1\r\n`, [400]],
  'a chunk that is too large for any number': [`${postHead('Transfer-Encoding: chunked')}${'f'.repeat(17)}\r\n`, [400]],
  'a chunk line that ends with LF': [`${postHead('Transfer-Encoding: chunked')}1d\n${update}\r\n0\r\n\r\n`, [400]],

  // Lines and fields (RFC 9112, 2.2 and 5)
  'empty lines before a request': [`\r\n\r\n${head('GET', '/livez')}`, [200, 200]],
  'lines that end with LF': ['GET /livez HTTP/1.1\nHost: localhost\n\n', [400]],
  'a field that goes on in the next line': [head('GET', '/livez', 'X: a\r\n b'), [400]],
  'a folded Transfer-Encoding': [postHead('Transfer-Encoding:\r\n chunked') + chunked(update), [400]],
  'a CR inside of a field': [head('GET', '/livez', 'X: a\rb'), [400]],
  'white space before the colon': [`${postHead('Content-Length : 29')}${update}`, [400]],
  'a field without a name': [head('GET', '/livez', ': 1'), [400]],
  'a method in small letters': [head('get', '/livez'), [400]],
  'a tab in the request line': ['GET\t/livez HTTP/1.1\r\nHost: localhost\r\n\r\n', [400]],
  'more fields than Node would show': [head('GET', '/livez', ...Array.from({ length: 1000 }, () => 'a:b')), [431]],

  // Upgrades (RFC 9110, 7.8)
  'another protocol is offered': [
    head('GET', '/livez', 'Upgrade: h2c', 'Connection: Upgrade, HTTP2-Settings', 'HTTP2-Settings: AAM'),
    [200, 200],
  ],
  'another protocol is offered again and again': [
    head('GET', '/livez', 'Upgrade: websocket', 'Connection: upgrade').repeat(20),
    [...Array.from({ length: 20 }, () => 200), 200],
  ],
  'another protocol is offered in HTTP/1.0': [get('HTTP/1.0', 'Upgrade: h2c', 'Connection: upgrade'), [200]],
  'another protocol is offered behind other requests': [
    postUpdate + head('GET', '/x') + head('GET', '/products/p1', 'Upgrade: h2c', 'Connection: upgrade'),
    [202, 404, 404, 200],
  ],
  'another protocol is offered with a body': [
    postHead('Upgrade: h2c', 'Connection: upgrade', 'Content-Length: 29') + update,
    [202],
  ],
  'an Upgrade that is not of the connection': [head('GET', '/livez', 'Upgrade: h2c'), [200, 200]],

  // Answers in order, whatever they are
  'errors in between': [
    `${postHead('Content-Length: 1')}{${head('DELETE', '/livez')}${head('GET', '/products/%')}${postUpdate}`,
    [400, 405, 400, 202, 200],
  ],
  'HEAD in between': [head('HEAD', '/livez') + head('HEAD', '/products/p1'), [200, 404, 200]],
  'a small body that nobody reads': [`${head('GET', '/livez', 'Content-Length: 5')}hello`, [200, 200]],
};

describe('framing', () => {
  let service: Service;
  before(async () => {
    service = await startService();
  });
  after(() => service[Symbol.asyncDispose]());

  for (const [what, [sent, statuses]] of Object.entries(conversations)) {
    it(`is right: ${what}`, async () => {
      const text = await converse(service.port, Buffer.from(sent + last, 'latin1'));
      expect([...text.matchAll(/HTTP\/1.1 (\d+)/g)].map(([, status]) => Number(status))).to.deep.equal(statuses);
      // What answers HEAD has a length, but no body.
      const answers = sent.startsWith('HEAD') ? [] : parseAnswers(text);
      for (const answer of answers) if (answer.status >= 400) expectProblem(answer, answer.status);
    });
  }

  it('is right with keys too: a Host that is none', async () => {
    await using keyed = await startService({
      options: { apiKeys: parseApiKeys('a:write+read+admin:key-of-16-letters') },
    });
    const statusFor = async (host: string, path: string): Promise<number | undefined> => {
      const request = `GET ${path} HTTP/1.1\r\nHost: ${host}\r\nX-API-Key: key-of-16-letters\r\nConnection: close\r\n\r\n`;
      return parseAnswers(await converse(keyed.port, Buffer.from(request, 'latin1')))[0]?.status;
    };
    for (const path of ['/livez', '/products/p1', '/nothing']) {
      const good = path === '/livez' ? 200 : 404;
      for (const host of [
        'shop.example',
        'a_b:8080',
        '[::1]:80',
        '[::ffff:1.2.3.4]',
        '1.2.3.4:',
        '%41',
        'x-y.z~',
        '',
      ]) {
        expect(await statusFor(host, path), host).to.equal(good);
      }
      for (const host of [
        'a b/c',
        'a/b',
        'a@b',
        'a:b',
        '[::1',
        '[x]',
        'a?',
        'a#',
        'é',
        '%4',
        'a\\b',
        'http://a',
        'a,b c',
        '"a"',
      ]) {
        expect(await statusFor(host, path), host).to.equal(400);
      }
    }
  });

  it('is right as HEAD: the same length, no body', async () => {
    const lengthOf = async (method: string): Promise<string | undefined> => {
      const text = await converse(service.port, head(method, '/openapi.json', 'Connection: close'));
      if (method === 'HEAD') expect(text).to.match(/\r\n\r\n$/);
      return /content-length: (\d+)/i.exec(text)?.[1];
    };
    expect(await lengthOf('HEAD')).to.equal(await lengthOf('GET'));
  });
});
