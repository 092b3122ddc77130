import { expect } from 'chai';
import fc from 'fast-check';
import { parseApiKeys } from '@product-updates/http';
import { startService, type Service } from './service.ts';
import { converse, parseAnswers, type RawAnswer } from './sockets.ts';

const runs = process.env['LONG'] === undefined ? 300 : 20_000;

/** Nobody's fault but the client's: never a 500, and whatever is wrong is told as a problem. */
function expectCivil(answers: readonly RawAnswer[], request: string): void {
  for (const { status, headers, body } of answers) {
    const what = `${JSON.stringify(request)} → ${status}`;
    // 501 and 505: a transfer coding, or a version of HTTP, that this server does not know.
    if (status !== 501 && status !== 505) expect(status, what).to.be.within(200, 499);
    if (status < 400) continue;
    expect(headers['content-type'], what).to.equal('application/problem+json');
    expect(headers['cache-control'], what).to.equal('no-store');
    // To HEAD the body is not sent.
    if (!request.startsWith('HEAD')) expect(body, what).to.include({ status });
  }
}

const method = fc.constantFrom('GET', 'POST', 'PUT', 'DELETE', 'OPTIONS', 'PATCH', 'TRACE', 'PROPFIND', 'get', 'X');
const segment = fc.oneof(
  fc.constantFrom(
    'events',
    'products',
    'dead-letters',
    'replay',
    'queue',
    'livez',
    'p1',
    '__proto__',
    '',
    '.',
    '..',
    '%',
    '%00',
    '%2F',
    '*',
  ),
  fc.string({ maxLength: 8 }).map((text) => encodeURIComponent(text.toWellFormed())),
);
const query = fc.oneof(
  { weight: 3, arbitrary: fc.constant('') },
  {
    weight: 1,
    arbitrary: fc.constantFrom(
      '?',
      '?limit=1',
      '?limit=x',
      '?id=p1',
      '?id=%',
      '?__proto__=1',
      '?constructor',
      '?a&a&a',
      '?=',
      '?after=%00',
    ),
  },
);
const target = fc.tuple(fc.array(segment, { maxLength: 5 }), query).map(([path, rest]) => `/${path.join('/')}${rest}`);
const header = fc.oneof(
  fc.constantFrom(
    'Content-Type: application/json',
    'Content-Type: text/plain',
    'Content-Type: ;;=',
    'Content-Encoding: gzip',
    'Prefer: handling=lenient',
    'If-None-Match: ",*',
    'Expect: 100-continue',
    'Expect: x',
    'Transfer-Encoding: chunked',
    'Transfer-Encoding: gzip',
    'Content-Length: 1',
    'Content-Length: 99999999',
    'X-Forwarded-For: ,,x',
    'Authorization: Bearer',
    'X-API-Key: key-for-everything',
    'Origin: x',
    'traceparent: 00',
    'Upgrade: h2c',
    'Connection: Upgrade, HTTP2-Settings',
    'Range: bytes=0-',
    'Host: other',
  ),
  fc
    .tuple(fc.constantFrom('Prefer', 'X-Y', 'Accept', 'Cookie'), fc.string({ maxLength: 20 }))
    .map(([name, text]) => `${name}: ${text.replaceAll(/[\r\n]/g, '')}`),
);
const json = fc.oneof(
  fc.json({ maxDepth: 3 }),
  fc
    .record({ product_id: fc.string(), price: fc.anything(), stock: fc.anything() })
    .map((value) => JSON.stringify(value, (_key, part: unknown) => (typeof part === 'bigint' ? String(part) : part))),
  fc.constantFrom(
    '',
    '{',
    '[]',
    '[[]]',
    '{"__proto__":{"x":1},"product_id":"p","price":1}',
    '{"product_id":"__proto__","price":1}',
    '{"constructor":1}',
  ),
);

describe('random requests', () => {
  let open: Service;
  let keyed: Service;
  const impatient = { headersTimeoutMs: 50, requestTimeoutMs: 50, keepAliveTimeoutMs: 50, checkingIntervalMs: 10 };
  before(async () => {
    open = await startService({ limits: impatient, options: { rateLimit: 1_000_000, trustProxy: 1 } });
    keyed = await startService({
      limits: impatient,
      options: { apiKeys: parseApiKeys('a:write+read+admin:key-for-everything') },
    });
  });
  after(async () => {
    await open[Symbol.asyncDispose]();
    await keyed[Symbol.asyncDispose]();
  });

  const ask = async (service: Service, request: string): Promise<void> => {
    const text = await converse(service.port, request);
    expectCivil(parseAnswers(text.replaceAll('HTTP/1.1 100 Continue\r\n\r\n', '')), request);
    await service.settle();
  };

  it('never get a 500, and always a problem when they are wrong', async () => {
    const requests = fc.tuple(method, target, fc.array(header, { maxLength: 4 }), json, fc.boolean());
    await fc.assert(
      fc.asyncProperty(requests, async ([verb, url, headers, body, honest]) => {
        const length = honest ? [`Content-Length: ${Buffer.byteLength(body)}`, 'Content-Type: application/json'] : [];
        const lines = ['Host: localhost', 'Connection: close', ...length, ...headers]
          .map((line) => `${line}\r\n`)
          .join('');
        const request = `${verb} ${url} HTTP/1.1\r\n${lines}\r\n${body}`;
        await Promise.all([ask(open, request), ask(keyed, request)]);
      }),
      { numRuns: runs },
    );
  }).timeout(process.env['LONG'] === undefined ? 30_000 : 3_600_000);

  it('of bodies alone are accepted or refused, and the id that is accepted is found', async () => {
    // On a busy machine a good request may well take longer than the time-outs above.
    await using patient = await startService();
    await fc.assert(
      fc.asyncProperty(json, async (body) => {
        const response = await patient.agent.post('/events').set('content-type', 'application/json').send(body);
        expect([202, 400], body).to.include(response.status);
        await patient.settle();
        const updates = response.status === 202 ? [JSON.parse(body) as unknown].flat() : [];
        for (const { product_id } of updates as { product_id: string }[]) {
          await patient.agent.get(`/products/${encodeURIComponent(product_id)}`).expect(200);
        }
      }),
      { numRuns: runs },
    );
  }).timeout(process.env['LONG'] === undefined ? 30_000 : 3_600_000);

  it('have not polluted anything', () => {
    expect(Object.keys(Object.prototype)).to.deep.equal([]);
    expect(({} as { x?: unknown }).x).to.equal(undefined);
  });
});
