import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { expect } from 'chai';
import { codeOf, describe as tell } from '@product-updates/errors';
import { startOwnRedis } from '@product-updates/tooling/own-redis';
import { freePort, type OwnServer } from '@product-updates/tooling/own-server';
import { type Certificates, makeCertificates } from './certificates.ts';
import { describeUnless, missingOwn } from './live.ts';
import { errorFrom, openStore, useOnce } from './observe.ts';
import { redisCommand, redisCommands } from './redis-commands.ts';
import { createTlsProxy } from './tls-proxy.ts';

describeUnless(missingOwn, 'TLS', function tls() {
  this.timeout(30_000);
  let certificates: Certificates;
  let others: Certificates;
  /** With TLS on `securePort` beside the usual port; it wants a certificate of its clients. */
  let own: OwnServer;
  let securePort: number;
  before(async () => {
    certificates = makeCertificates('DNS:localhost,DNS:redis.test,IP:127.0.0.1');
    others = makeCertificates('DNS:localhost');
    own = await startOwnRedis();
    securePort = await freePort();
    const { certificate, key, authority } = certificates;
    const files = ['tls-cert-file', certificate, 'tls-key-file', key, 'tls-ca-cert-file', authority];
    await redisCommand(own.url, 'CONFIG', 'SET', ...files, 'tls-port', `${securePort}`);
  });
  after(async () => {
    await own[Symbol.asyncDispose]();
    certificates[Symbol.dispose]();
    others[Symbol.dispose]();
  });

  function secure(host: string, port: number, options: Readonly<Record<string, string>> = {}): URL {
    const url = new URL(`rediss://${host}:${port}`);
    const all = { tlsCa: certificates.authority, timeoutMs: '1000', ...options };
    for (const [name, value] of Object.entries(all)) if (value !== '') url.searchParams.set(name, value);
    return url;
  }
  const ofClient = (): Record<string, string> => ({ tlsCert: certificates.certificate, tlsKey: certificates.key });

  it('carries every kind of call, with a certificate of the client', async () => {
    await useOnce(await openStore(secure('localhost', securePort, ofClient())));
    await useOnce(await openStore(secure('127.0.0.1', securePort, ofClient())));
  });

  it('names the host before the server chooses a certificate, unless it is an address', async () => {
    await using proxy = await createTlsProxy(certificates, own.port);
    const seen = async (url: URL): Promise<(string | false)[]> => {
      const before = proxy.servernames.length;
      await useOnce(await openStore(url));
      return [...new Set(proxy.servernames.slice(before))];
    };
    expect(await seen(secure('localhost', proxy.port))).to.deep.equal(['localhost']);
    expect(await seen(secure('127.0.0.1', proxy.port))).to.deep.equal([false]);
    expect(await seen(secure('127.0.0.1', proxy.port, { tlsServername: 'redis.test' }))).to.deep.equal(['redis.test']);
  });

  it('names each server of a cluster by its own host', async () => {
    await using node = await startOwnRedis({ args: ['--cluster-enabled', 'yes'] });
    await using proxy = await createTlsProxy(certificates, node.port);
    const announced = ['cluster-announce-hostname', 'localhost', 'cluster-announce-port', `${proxy.port}`];
    await redisCommands(
      node.url,
      ['CONFIG', 'SET', ...announced, 'cluster-preferred-endpoint-type', 'hostname'],
      ['CLUSTER', 'ADDSLOTSRANGE', '0', '16383'],
    );
    await untilServing(node.url);
    await useOnce(await openStore(secure('127.0.0.1', proxy.port, { cluster: 'true' })));
    // The one that is asked for the slots is asked by address, on both wires.
    expect(proxy.servernames.filter((name) => name === false)).to.have.length(2);
    expect(proxy.servernames.filter((name) => name === 'localhost')).to.have.length(2);
  });

  it('tells why TLS failed, not that the connection was given up', async () => {
    const { authority: ca } = others;
    const mistakes: [what: string, url: URL, code: string, says: RegExp][] = [
      [
        'another authority',
        secure('localhost', securePort, { ...ofClient(), tlsCa: ca }),
        'misconfigured',
        /certificate/,
      ],
      ['no authority', secure('localhost', securePort, { ...ofClient(), tlsCa: '' }), 'misconfigured', /certificate/],
      [
        'another name',
        secure('localhost', securePort, { ...ofClient(), tlsServername: 'other.test' }),
        'misconfigured',
        /other\.test.*is not in the cert's altnames.*DNS:redis\.test/,
      ],
      ['no certificate of ours', secure('localhost', securePort), 'misconfigured', /certificate required/],
      ['a cluster', secure('localhost', securePort, { tlsCa: ca, cluster: 'true' }), 'misconfigured', /certificate/],
    ];
    for (const [what, url, code, says] of mistakes) {
      let error = await errorFrom(openStore(url));
      // In TLS 1.3 a server judges our certificate after we have begun to send: its reset may overtake its reason.
      for (let again = 0; again < 20 && /ECONNRESET/.test(tell(error)); again += 1) {
        error = await errorFrom(openStore(url));
      }
      expect(tell(error), what)
        .to.match(says)
        .and.not.match(/Disconnects client|closed/);
      expect(codeOf(error), what).to.equal(code);
    }
  });

  it('where one side speaks TLS and the other one does not', async () => {
    await using other = await startHttp();
    const failures: [what: string, url: URL, code: string, says: RegExp][] = [
      [
        'Redis without TLS',
        secure('localhost', own.port),
        'unavailable',
        /not answer within 1000 ms: does it speak TLS/,
      ],
      ['another program without TLS', secure('localhost', other.port), 'misconfigured', /wrong version number/],
      ['a TLS server', new URL(`redis://localhost:${securePort}?timeoutMs=1000`), 'unavailable', /ECONNRESET|closed/],
      ['no Redis at all', new URL(`redis://localhost:${other.port}`), 'unavailable', /Unknown RESP type/],
    ];
    for (const [what, url, code, says] of failures) {
      const error = await errorFrom(openStore(url));
      expect(tell(error), what).to.match(says);
      expect(codeOf(error), what).to.equal(code);
    }
  });
});

/** A server that is no Redis. */
async function startHttp(): Promise<AsyncDisposable & { readonly port: number }> {
  const server = createServer((socket) => {
    socket.on('error', () => {}).once('data', () => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n'));
  }).listen(0);
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    async [Symbol.asyncDispose]() {
      server.close();
      await once(server, 'close');
    },
  };
}

async function untilServing(url: URL): Promise<void> {
  while (!String(await redisCommand(url, 'CLUSTER', 'INFO')).includes('cluster_state:ok')) {
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
