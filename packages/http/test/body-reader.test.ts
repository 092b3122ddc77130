import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import * as zlib from 'node:zlib';
import { expect } from 'chai';
import { createBodyMemory } from '../src/body-memory.ts';
import { createBodyReader } from '../src/body-reader.ts';
import { NEVER, versionOf } from '@product-updates/domain';
import { compress } from './compress.ts';
import { expectProblem, letterOf, startService, until, type Service } from './service.ts';
import { expectRawProblem, openSocket, parseAnswers, head, untilClosed } from './sockets.ts';

const updateText = '{"product_id":"p1","price":1}';
const LIMIT = 100_000;

/** A route that takes a body: what it takes, and what it answers then. */
interface BodyRoute {
  readonly path: string;
  readonly good: string;
  readonly limit: number;
}

const routes: Record<string, BodyRoute> = {
  'POST /events': { path: '/events', good: updateText, limit: LIMIT },
  'POST /events through the router': { path: '/events?', good: updateText, limit: LIMIT },
  'POST /dead-letters/replay': { path: '/dead-letters/replay', good: '{}', limit: 1024 },
  'POST /dead-letters/{id}/replay': { path: '/dead-letters/x.0/replay', good: '{}', limit: 1024 },
};

const letter = letterOf({
  product_id: 'p',
  price: 1,
  price_version: versionOf(Date.UTC(2026, 10, 1)),
  stock: null,
  stock_version: NEVER,
  event_id: 'x',
  accepted_at: 0,
  replays: 0,
});

for (const [name, { path, good, limit }] of Object.entries(routes)) {
  describe(`a body of ${name}`, () => {
    let service: Service;
    beforeEach(async () => {
      service = await startService({ options: { bodyLimitBytes: LIMIT } });
    });
    afterEach(() => service[Symbol.asyncDispose]());

    async function post(
      body: Buffer | string,
      headers: Record<string, string> = {},
    ): Promise<Parameters<typeof expectProblem>[0]> {
      // A replay removes it.
      await service.store.deadLetters.add(letter);
      const response = await fetch(`http://127.0.0.1:${service.port}${path}`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', ...headers },
        body: new Uint8Array(Buffer.from(body)),
      });
      return { status: response.status, headers: Object.fromEntries(response.headers), body: await response.json() };
    }
    const coded = (coding: string, body: Buffer | string) => post(body, { 'content-encoding': coding });

    for (const [coding, encode] of Object.entries(compress)) {
      it(`may be compressed with ${coding}`, async () => {
        expect((await coded(coding, encode(good))).status).to.equal(202);
      });

      it(`is refused with 400: ${coding} that is corrupt, cut off, or goes on behind its end`, async () => {
        const whole = encode(good);
        const bodies = {
          'no such thing': Buffer.from('hello world'),
          'cut off': whole.subarray(0, -1),
          'half of it': whole.subarray(0, whole.length / 2),
          'garbage behind it': Buffer.concat([whole, Buffer.from('garbage')]),
          'zeros behind it': Buffer.concat([whole, Buffer.alloc(8)]),
        };
        for (const [what, body] of Object.entries(bodies)) {
          const response = await coded(coding, body);
          expect(response.status, what).to.equal(400);
          expectProblem(response, 400, /Content-Encoding/);
        }
        expect(service.seen.accepted).to.have.length(0);
      });

      it(`is refused with 413, the connection closed: ${coding} that decodes to more than the limit`, async () => {
        const response = await coded(coding, encode(Buffer.alloc(5_000_000, ' ')));
        expectProblem(response, 413, `The body is larger than ${limit} bytes`);
        expect(response.headers['connection']).to.equal('close');
      });

      it(`is checked as ever behind ${coding}: UTF-8, no BOM, JSON`, async () => {
        expectProblem(await coded(coding, encode(Buffer.from([0x7b, 0xff, 0x7d]))), 400, /UTF-8/);
        expectProblem(await coded(coding, encode(`\u{feff}${good}`)), 400, /byte order mark/);
        expectProblem(await coded(coding, encode(`${good}}`)), 400, /not valid JSON/);
      });
    }

    it('is refused with 415 and what is known: another coding, or several', async () => {
      for (const coding of ['compress', 'gzip, br', 'gzip,gzip', 'gz', '*', 'gzip;q=1']) {
        const response = await coded(coding, zlib.gzipSync(good));
        expect(response.status, coding).to.equal(415);
        expectProblem(response, 415, /gzip, deflate, br, zstd/);
        expect(response.headers['accept-encoding']).to.equal('gzip, deflate, br, zstd');
      }
    });

    it('may name its coding in any case, and identity as often as it likes', async () => {
      expect((await coded('GZip', zlib.gzipSync(good))).status).to.equal(202);
      expect((await coded('identity, gzip ,', zlib.gzipSync(good))).status).to.equal(202);
      expect((await coded('Identity', good)).status).to.equal(202);
    });

    it('may be deflate without the zlib header, as browsers take it', async () => {
      expect((await coded('deflate', zlib.deflateRawSync(good))).status).to.equal(202);
      expectProblem(await coded('deflate', zlib.deflateRawSync(good).subarray(0, -1)), 400);
    });

    it('may be several members of gzip', async () => {
      const members = [good.slice(0, 1), good.slice(1)].map((part) => zlib.gzipSync(part));
      expect((await coded('gzip', Buffer.concat(members))).status).to.equal(202);
    });

    it('is refused with 413 when it is larger than the limit, compressed to the smallest or not at all', async () => {
      const large = good.replace('{', `{${' '.repeat(limit)}`);
      expectProblem(await post(large), 413);
      expectProblem(await coded('gzip', zlib.gzipSync(large)), 413);
      const justRight = good.replace('{', `{${' '.repeat(limit - good.length)}`);
      expect((await post(justRight)).status).to.equal(202);
    });

    it('is refused with 413 where nothing but its compressed size is too large', async () => {
      const member = zlib.gzipSync('');
      const endless = Buffer.concat(Array.from({ length: (2 * limit + 4096) / member.length }, () => member));
      expectProblem(await coded('gzip', endless), 413);
    });

    it('is refused with 415: not JSON, or not in UTF-8', async () => {
      for (const type of [
        'text/plain',
        'application/json; charset=utf-16',
        'application/json;charset=latin1',
        'application/problem+json',
      ]) {
        const response = await post(good, { 'content-type': type });
        expect(response.status, type).to.equal(415);
        expectProblem(response, 415);
        expect(response.headers['accept-post']).to.equal('application/json');
      }
      expect((await post(good, { 'content-type': 'application/json; charset="UTF-8"' })).status).to.equal(202);
    });

    it('is refused with 400: no UTF-8, a byte order mark, no JSON', async () => {
      expectProblem(await post(Buffer.from([0x7b, 0xff, 0x7d])), 400, /UTF-8/);
      expectProblem(await post(`\u{feff}${good}`), 400, /byte order mark/);
      expectProblem(await post(Buffer.from(good, 'utf16le')), 400);
      expectProblem(await post(`${good}}`), 400, /not valid JSON/);
    });

    it('that the client waits to send is asked for only when its headers are good', async () => {
      await service.store.deadLetters.add(letter);
      const encoded = zlib.gzipSync(good);
      const ask = (coding: string): string =>
        head(
          'POST',
          path,
          'Content-Type: application/json',
          `Content-Encoding: ${coding}`,
          `Content-Length: ${encoded.length}`,
          'Expect: 100-continue',
          'Connection: close',
        );
      const refused = await openSocket(service.port);
      refused.write(ask('compress'));
      expectRawProblem(parseAnswers(await untilClosed(refused))[0], 415);
      const socket = await openSocket(service.port);
      const text = untilClosed(socket);
      socket.write(ask('gzip'));
      await once(socket, 'data');
      socket.write(encoded);
      expect(await text).to.match(/^HTTP\/1.1 100 Continue\r\n\r\nHTTP\/1.1 202 /);
    });
  });
}

describe('a compressed body of nothing', () => {
  it('is empty, as without compression', async () => {
    await using service = await startService();
    for (const body of [zlib.gzipSync(''), Buffer.alloc(0)]) {
      const response = await fetch(`http://127.0.0.1:${service.port}/events`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', 'content-encoding': 'gzip' },
        body: new Uint8Array(body),
      });
      expect(await response.json()).to.include({ status: 400, detail: 'The body is empty' });
    }
  });
});

describe('what a body reader holds', () => {
  const type = 'Content-Type: application/json';
  const whole = zlib.gzipSync('x'.repeat(5000));
  const cases: Record<string, { request: string; body: Buffer; leave?: true; read: string }> = {
    'a body': { request: head('POST', '/', type, 'Content-Length: 5'), body: Buffer.from('hello'), read: '5 bytes' },
    'a compressed body': {
      request: head('POST', '/', type, 'Content-Encoding: gzip', `Content-Length: ${whole.length}`),
      body: whole,
      read: '5000 bytes',
    },
    'a corrupt body': {
      request: head('POST', '/', type, 'Content-Encoding: gzip', 'Content-Length: 5'),
      body: Buffer.from('hello'),
      read: '400',
    },
    'a bomb': {
      request: head('POST', '/', type, 'Content-Encoding: gzip', 'Transfer-Encoding: chunked'),
      body: Buffer.concat([
        Buffer.from(`${zlib.gzipSync('x'.repeat(50_000)).length.toString(16)}\r\n`),
        zlib.gzipSync('x'.repeat(50_000)),
        Buffer.from('\r\n0\r\n\r\n'),
      ]),
      read: '413',
    },
    'a body that is too large': {
      request: head('POST', '/', type, 'Transfer-Encoding: chunked'),
      body: Buffer.from(`4e20\r\n${'x'.repeat(20_000)}\r\n`),
      read: '413',
    },
    'a body that never ends': {
      request: head('POST', '/', type, 'Content-Length: 5000'),
      body: Buffer.from('hello'),
      leave: true,
      read: 'nothing',
    },
    'a compressed body that never ends': {
      request: head('POST', '/', type, 'Content-Encoding: gzip', 'Content-Length: 5000'),
      body: whole.subarray(0, 20),
      leave: true,
      read: 'nothing',
    },
  };

  for (const [what, { request, body, leave, read }] of Object.entries(cases)) {
    it(`is let go: ${what}`, async () => {
      const bodies = createBodyReader(createBodyMemory(100_000_000, () => 0));
      let came: string | undefined;
      let heldThen = 0;
      const server = createServer((req, res) => {
        bodies.read(req, res, 10_000, (bytes) => {
          heldThen = bodies.heldBytes;
          came = bytes === undefined ? 'nothing' : Buffer.isBuffer(bytes) ? `${bytes.length} bytes` : `${bytes.status}`;
          req.resume();
          res.end();
        });
      }).listen(0, '127.0.0.1');
      await once(server, 'listening');
      const socket = await openSocket((server.address() as AddressInfo).port);
      socket.write(Buffer.concat([Buffer.from(request), body]));
      if (leave === true) {
        await until(() => bodies.heldBytes === body.length);
        socket.destroy();
      }
      await until(() => came !== undefined);
      expect(came).to.equal(read);
      expect(heldThen).to.be.greaterThan(0);
      expect(bodies.heldBytes).to.equal(0);
      socket.destroy();
      server.close();
      await once(server, 'close');
    });
  }
});
