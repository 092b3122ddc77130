import { codeOf, describe as describeError } from '@product-updates/errors';
import { expect } from 'chai';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describeConfig, readConfig, readStoreUrl } from '../src/config.ts';
import { openers } from '../src/open.ts';

type Environment = Record<string, string>;

function refusalOf(environment: Environment): string {
  try {
    readConfig(environment);
  } catch (error) {
    expect(codeOf(error)).to.equal('misconfigured');
    expect((error as Error).message).not.to.include('\n');
    // As a person reads it, causes and all.
    return describeError(error);
  }
  throw new Error(`was not refused: ${JSON.stringify(environment)}`);
}

describe('config', () => {
  it('is the whole system in memory when nothing is set', () => {
    const { queueUrl, storeUrl, ...rest } = readConfig({});
    expect(queueUrl.href).to.equal('memory:?capacity=100000');
    expect(storeUrl.href).to.equal('memory:');
    expect(rest).to.deep.equal({
      port: 8080,
      host: '127.0.0.1',
      workers: 3,
      dataDir: null,
      role: 'all',
      allowVolatileStore: false,
      batchMax: 500,
      retry: { attempts: 5, baseMs: 100, maxMs: 30_000 },
      bodyLimitBytes: 4 * 1024 * 1024,
      bodyMemoryBytes: 256 * 1024 * 1024,
      rateLimit: 0,
      trustProxy: 0,
      deadLetterMax: 100_000,
      apiKeys: [],
      allowAnonymous: false,
      logLevel: 'info',
      shutdownTimeoutMs: 10_000,
      tracesEndpoint: null,
      environment: {},
    });
  });

  it('takes every variable at both ends of its range', () => {
    for (const [name, ...good] of [
      ['PORT', '0', '65535'],
      ['WORKERS', '1', '64'],
      ['BATCH_MAX', '1', '20000'],
      ['RETRY_ATTEMPTS', '1', '20'],
      ['RETRY_BASE_MS', '1', '30000'],
      ['RETRY_MAX_MS', '100', '3600000'],
      ['BODY_LIMIT', '1kb', '256mb'],
      ['BODY_MEMORY', '4mb', '65536mb'],
      ['RATE_LIMIT', '0', '1000000000'],
      ['TRUST_PROXY', '0', '16'],
      ['DEAD_LETTER_MAX', '1', '10000000'],
      ['SHUTDOWN_TIMEOUT_MS', '0', '3600000'],
      ['ROLE', 'all', 'api', 'worker'],
      ['LOG_LEVEL', 'debug', 'silent'],
      ['ALLOW_VOLATILE_STORE', 'true', 'false'],
      ['OTEL_EXPORTER_OTLP_ENDPOINT', 'http://127.0.0.1:4318'],
    ] as const) {
      for (const value of good) expect(() => readConfig({ [name]: value }), `${name}=${value}`).not.to.throw();
    }
  });

  it('refuses what is out of range, naming the variable', () => {
    for (const [name, ...bad] of [
      ['PORT', '-1', '65536', 'http', '80a'],
      ['WORKERS', '0', '65'],
      ['QUEUE_URL', 'nonsense', '/var/queue'],
      ['STORE_URL', 'nonsense'],
      ['ROLE', 'both', 'API'],
      ['BATCH_MAX', '0', '20001'],
      ['RETRY_ATTEMPTS', '0', '21'],
      ['RETRY_BASE_MS', '0'],
      ['RETRY_MAX_MS', '0', '3600001', '99'],
      ['BODY_LIMIT', '0', '1gb', '4 mb'],
      ['BODY_MEMORY', '0', '1023', '65537mb', 'all', '3mb'],
      ['RATE_LIMIT', '-1', '1e3'],
      ['TRUST_PROXY', 'true', '17'],
      ['DEAD_LETTER_MAX', '0'],
      ['LOG_LEVEL', 'verbose', 'trace'],
      ['SHUTDOWN_TIMEOUT_MS', '-1', '10s'],
      ['ALLOW_ANONYMOUS', 'yes'],
      ['ALLOW_VOLATILE_STORE', '1'],
    ] as const) {
      for (const value of bad) {
        expect(refusalOf({ [name]: value }), `${name}=${value}`).to.match(new RegExp(`^${name} `));
      }
    }
  });

  it("keeps libpq's variables for the adapter, and no other that it does not know", () => {
    expect(readConfig({ PGHOST: 'db', HOME: '/root' }).environment).to.deep.equal({ PGHOST: 'db' });
  });

  it('ignores names that are not its own', () => {
    expect(readConfig({ WORKER: '9', Port: '1', OTEL_SERVICE_NAME: 'x' })).to.deep.equal(readConfig({}));
  });

  it('serves others only with keys, or when told to serve everybody', () => {
    for (const host of ['127.0.0.1', '127.8.9.10', '::1', 'localhost', 'LOCALHOST']) {
      expect(readConfig({ HOST: host }).host).to.equal(host);
    }
    for (const host of [
      '0.0.0.0',
      '::',
      '10.0.0.1',
      '128.0.0.1',
      '::ffff:10.0.0.1',
      'example.com',
      'localhost.example.com',
    ]) {
      expect(refusalOf({ HOST: host })).to.equal(
        `HOST ${host} can be reached by others: set API_KEYS, or ALLOW_ANONYMOUS=true to serve everybody`,
      );
      expect(readConfig({ HOST: host, ALLOW_ANONYMOUS: 'true' }).allowAnonymous).to.equal(true);
      expect(readConfig({ HOST: host, API_KEYS: 'shop:write:write-key-of-shop' }).apiKeys).to.have.length(1);
    }
  });

  it('makes two URLs of DATA_DIR, where they are not given', () => {
    const both = readConfig({ DATA_DIR: '/srv/data/' });
    expect([both.queueUrl.href, both.storeUrl.href]).to.deep.equal(['lmdb:/srv/data/queue', 'lmdb:/srv/data/store']);
    expect(both.dataDir).to.equal('/srv/data/');
    const one = readConfig({ DATA_DIR: './a b?#c', STORE_URL: 'memory:' });
    expect(decodeURIComponent(one.queueUrl.pathname)).to.equal('a b?#c/queue');
    expect(one.storeUrl.href).to.equal('memory:');
    expect(refusalOf({ DATA_DIR: 'd', QUEUE_URL: 'memory:', STORE_URL: 'memory:' })).to.match(/^DATA_DIR stands for/);
  });

  it('finds the folder that DATA_DIR names, however it is written', () => {
    for (const [dataDir, folder] of [
      ['./data', 'data'],
      ['data/', 'data'],
      ['.', '.'],
      ['../data//', '../data'],
      ['/', '/'],
      ['//', '/'],
      ['//x', '/x'],
      ['///x//y/', '/x/y'],
      ['/.//x', '/x'],
      ['/srv/../data', '/data'],
      ['//user:pw@host:80/x', '/user:pw@host:80/x'],
      ['c:x', 'c:x'],
      ['a b', 'a b'],
      ['/a?b#c', '/a?b#c'],
      ['/100%/%41/%2e%2e', '/100%/%41/%2e%2e'],
      ['/größe/日本/😀', '/größe/日本/😀'],
      ['/back\\slash', '/back\\slash'],
      [`/it's "quoted"/[x]|^\`{}`, `/it's "quoted"/[x]|^\`{}`],
    ] as const) {
      const { queueUrl, storeUrl } = readConfig({ DATA_DIR: dataDir });
      for (const [url, name] of [
        [queueUrl, 'queue'],
        [storeUrl, 'store'],
      ] as const) {
        const { host, search, hash, username } = url;
        expect({ host, search, hash, username }, dataDir).to.deep.equal({
          host: '',
          search: '',
          hash: '',
          username: '',
        });
        expect(decodeURIComponent(url.pathname)).to.equal(join(folder, name));
      }
    }
  });

  it('refuses quotes around a value, whatever the variable', () => {
    const values: Environment = {
      DATA_DIR: './data',
      QUEUE_URL: 'lmdb:./queue',
      PORT: '80',
      API_KEYS: 'a:write:hunter2-0123456789',
    };
    const names = describeConfig()
      .split('\n')
      .map((line) => line.split(' ')[0] ?? '');
    for (const name of names) {
      for (const quote of ['"', "'"]) {
        const refusal = refusalOf({ [name]: `${quote}${values[name] ?? 'x'}${quote}` });
        expect(refusal)
          .to.match(new RegExp(`^${name} has quotes around its value`))
          .and.not.include('hunter2');
      }
    }
    expect(() => readStoreUrl({ DATA_DIR: '"./data"' })).to.throw(/^DATA_DIR has quotes/);
    expect(refusalOf({ HOST: '""' })).to.match(/^HOST has quotes/);
    expect(readConfig({ DATA_DIR: '"a" or "b' }).dataDir).to.equal('"a" or "b');
  });

  describe('API_KEYS', () => {
    let folder: string;
    before(() => (folder = mkdtempSync(join(tmpdir(), 'config-test-'))));
    after(() => rmSync(folder, { recursive: true }));

    const names = (environment: Environment): string[] => readConfig(environment).apiKeys.map(({ name }) => name);

    it('are read from the variable and from a file', () => {
      expect(names({ API_KEYS: 'shop:write+read:write-key:of:shop,ops:admin:admin-key-of-ops' })).to.deep.equal([
        'shop',
        'ops',
      ]);
      const path = join(folder, 'keys');
      writeFileSync(path, '# who may what\nshop:write:a-key-with,a-comma\n\nops:admin:admin-key-of-ops\n');
      expect(names({ API_KEYS: `@${path}` })).to.deep.equal(['shop', 'ops']);
    });

    it('are refused by the variable, without a word of the key', () => {
      const path = join(folder, 'bad-keys');
      writeFileSync(path, 'shop:everything:hunter2\n');
      for (const value of [
        'hunter2',
        'shop:everything:hunter2',
        'shop:write:hunter2-0123456789,shop:read:hunter3-0123456789',
        'shop:write:hunter2',
        'hunter2-0123456789:write:shop',
        `@${path}`,
        '@shop:write:hunter2',
        '@',
        ',',
      ]) {
        const refusal = refusalOf({ API_KEYS: value });
        expect(refusal).to.match(/^API_KEYS: /);
        expect(refusal).to.match(/known: name:write\+read:key, comma-separated, or @file$/);
        expect(refusal).not.to.include('hunter');
      }
      expect(refusalOf({ API_KEYS: `@${folder}/none` })).to.include('the file cannot be read (ENOENT)');
      expect(refusalOf({ API_KEYS: `@${folder}` })).to.include('the file cannot be read (EISDIR)');
    });
  });

  it('describes every variable that it reads, once', () => {
    const told = describeConfig()
      .split('\n')
      .map((line) => line.split(' ')[0]);
    expect(told).to.have.length(22);
    expect(new Set(told).size).to.equal(22);
    const source = readFileSync(join(import.meta.dirname, '../src/config.ts'), 'utf8');
    for (const [, name] of source.matchAll(/\bread\.([A-Z_]+)/g)) expect(told).to.include(name);
  });

  it('names the schemes that can be opened', () => {
    const [queue, store] = ['QUEUE_URL', 'STORE_URL'].map((name) => new RegExp(`^${name} .*; known: (.*)$`, 'm'));
    expect(queue?.exec(describeConfig())?.[1]).to.equal(Object.keys(openers.queues).join(', '));
    expect(store?.exec(describeConfig())?.[1]).to.equal(Object.keys(openers.stores).join(', '));
  });
});
