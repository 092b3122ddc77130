import { CodedError, codeOf, describe as tell } from '@product-updates/errors';
import { expect } from 'chai';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { Agent, request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readConfig } from '../src/config.ts';
import { startService, type Service } from '../src/service.ts';
import { startChild } from './child.ts';
import type { Answer } from './client.ts';
import { createFaultyStore, type FaultyStore } from './faulty-store.ts';

const keys = { write: 'wk-5cbd9a7f8f1e:1,x', read: 'rk-0d11e2c34b7d8', admin: 'ak-77ab01ff92c0d' };
const PASSWORD = 'hunter2';
const KEY = `${PASSWORD}-0123456789`;
const secrets = [...Object.values(keys), PASSWORD];

/** What a driver throws: the secret is in a cause of a cause, in each of the ways in which they come. */
function leaky(code: 'unavailable' | 'invalid' | undefined, message = 'the store said no'): Error {
  const inner = new Error(`connect ECONNREFUSED postgres://shop:${PASSWORD}@db:5432/shop?password=${PASSWORD}`);
  const aggregate = new AggregateError([inner, new Error(`Authorization: Bearer ${keys.admin}`)], 'all failed');
  const cause = new Error(`{"user":"shop","password":"${PASSWORD}"}`, { cause: aggregate });
  return code === undefined ? new TypeError(message, { cause }) : new CodedError(code, message, { cause });
}

describe('secrets and hostile texts', function () {
  this.timeout(60_000);
  let store: FaultyStore;
  let service: Service;
  let lines: string[];
  let folder: string;
  const agent = new Agent({ keepAlive: true });

  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), 'product-updates-'));
    const file = join(folder, 'keys');
    writeFileSync(file, `# shop\nshop:write:${keys.write}\nreader:read:${keys.read}\nops:admin:${keys.admin}\n`);
    store = createFaultyStore();
    lines = [];
    const env = { PORT: '0', STORE_URL: 'faulty:', API_KEYS: `@${file}`, LOG_LEVEL: 'debug', RETRY_ATTEMPTS: '1' };
    service = await startService(readConfig(env), { openers: store.openers, write: (line) => lines.push(line) });
  });
  afterEach(async () => {
    await service.stop({ hurry: true });
    rmSync(folder, { recursive: true });
  });
  after(() => agent.destroy());

  function ask(
    path: string,
    options: { method?: string; key?: string; json?: unknown; headers?: object } = {},
  ): Promise<Answer> {
    const { method = 'GET', key, json, headers = {} } = options;
    return new Promise((resolve, reject) => {
      const all = { 'content-type': 'application/json', ...(key && { 'x-api-key': key }), ...headers };
      const req = request(service.url + path, { agent, method, headers: all }, (res) => {
        let body = '';
        res.setEncoding('utf8').on('data', (chunk: string) => (body += chunk));
        res.once('end', () => resolve({ status: res.statusCode ?? 0, headers: res.headers, body }));
      });
      req.once('error', reject);
      req.end(json === undefined ? undefined : JSON.stringify(json));
    });
  }

  const post = (json: object): Promise<Answer> => ask('/events', { method: 'POST', key: keys.write, json });

  async function until(done: () => Promise<boolean> | boolean): Promise<void> {
    while (!(await done())) await new Promise((resolve) => setTimeout(resolve, 5));
  }

  it('admin routes need a key with the scope admin', async () => {
    const routes: [string, string][] = [
      ['GET', '/queue'],
      ['GET', '/metrics'],
      ['GET', '/dead-letters'],
      ['GET', '/dead-letters/x'],
      ['DELETE', '/dead-letters/x'],
      ['POST', '/dead-letters/x/replay'],
      ['POST', '/dead-letters/replay'],
    ];
    for (const [method, path] of routes) {
      const statusOf = async (key?: string): Promise<number> =>
        (await ask(path, { method, ...(key && { key }) })).status;
      expect(await statusOf(), path).to.equal(401);
      expect(await statusOf('nonsense'), path).to.equal(401);
      expect(await statusOf(keys.write), path).to.equal(403);
      expect(await statusOf(keys.read), path).to.equal(403);
      expect(await statusOf(keys.admin), path).to.be.oneOf([200, 202, 404]);
    }
    expect((await ask('/events', { method: 'POST', key: keys.read, json: {} })).status).to.equal(403);
    expect((await ask('/products/p1', { key: keys.write })).status).to.equal(403);
  });

  it('no secret comes out by log, answer or metric, through any chain of causes', async () => {
    const answers: Answer[] = [];
    const asking = async (path: string, options = {}): Promise<Answer> => {
      const answer = await ask(path, options);
      answers.push(answer);
      return answer;
    };
    const letters = (): Promise<Answer> => asking('/dead-letters', { key: keys.admin });
    store.refusal = () => leaky('invalid', `bad row for postgres://shop:${PASSWORD}@db/shop`);
    await post({ product_id: 'a', price: 1 });
    await until(async () => (await letters()).body.includes('rejected'));
    store.refusal = () => leaky(undefined, `token=${PASSWORD}`);
    await post({ product_id: 'b', price: 1 });
    await until(async () => (await letters()).body.includes('exhausted'));
    store.outage = leaky('unavailable');
    await post({ product_id: 'c', price: 1 });
    await until(async () => (await asking('/queue', { key: keys.admin })).body.includes('"held"'));
    expect((await asking('/readyz', { key: keys.admin })).body).to.include('ECONNREFUSED');
    expect((await asking('/readyz')).body).not.to.include('ECONNREFUSED');
    expect((await asking('/products/a', { key: keys.read })).status).to.equal(503);
    store.outage = leaky(undefined);
    expect((await asking('/products/a', { key: keys.read })).status).to.equal(500);
    expect((await asking('/products?id=a', { key: keys.read })).status).to.equal(500);
    await asking('/metrics', { key: keys.admin });
    await asking('/events', { method: 'POST', headers: { authorization: `Bearer ${keys.admin}` }, json: {} });
    await asking(`/nothing?key=${keys.admin}`, { key: `${keys.admin}x` });
    await asking('/openapi.json');

    const log = lines.join('');
    for (const said of ['dead letter', 'held', 'GET /products/{id}', 'TypeError', '***']) expect(log).to.include(said);
    for (const secret of secrets) {
      expect(log).not.to.include(secret);
      for (const { body, headers } of answers) expect(body + JSON.stringify(headers)).not.to.include(secret);
    }
  });

  it('nor when the start is refused', async () => {
    const envs = [
      { QUEUE_URL: `amqp://shop:${PASSWORD}@broker/` },
      { STORE_URL: `postgres://shop:${PASSWORD}@db:5432/shop?password=${PASSWORD}` },
      { STORE_URL: `redis://shop:${PASSWORD}@db/?password=${PASSWORD}` },
      { STORE_URL: `rediss://shop:${PASSWORD}@db/x` },
      { QUEUE_URL: `lmdb://shop:${PASSWORD}@db/x` },
      { STORE_URL: `memory://shop:${PASSWORD}@db` },
      { STORE_URL: `memory:?password=${PASSWORD}` },
      { API_KEYS: `shop:write:${KEY},ops:all:${KEY}` },
      { API_KEYS: PASSWORD },
      { API_KEYS: `shop:write:${KEY},ops:admin:${KEY}` },
      { API_KEYS: `shop:write:${PASSWORD}` },
      { API_KEYS: `${KEY}:write:shop` },
    ];
    for (const { code, stdout, stderr } of await Promise.all(
      envs.map((env) => startChild({ PORT: '0', ...env }).ended),
    )) {
      expect({ code, stdout }).to.deep.equal({ code: 1, stdout: '' });
      expect(stderr).to.match(/^product-update-service: [A-Z_]+[: ].*\n$/);
      expect(stderr).not.to.include(PASSWORD);
    }
  });

  it('nor when a URL is mis-shaped, so that a part of the password looks like something else', async () => {
    const mishaped: Record<string, string>[] = [
      { STORE_URL: `postgresql://shop:2024?${PASSWORD}!@db/shop` },
      { STORE_URL: `postgresql://shop:2024/${PASSWORD}@db/shop` },
      { STORE_URL: `redis://shop:12#${PASSWORD}@db` },
      { STORE_URL: `redis://shop:12/${PASSWORD}@db` },
      { STORE_URL: `redis:shop:${PASSWORD}@db` },
      { STORE_URL: `redis://shop:${PASSWORD}#@db` },
      { STORE_URL: `redis://a:${PASSWORD}@h1,redis://b:${PASSWORD}@h2` },
      { STORE_URL: `"postgres://shop:${PASSWORD}@db/shop"` },
      { STORE_URL: `host=db password=${PASSWORD}` },
      { STORE_URL: `shop:${PASSWORD}@db` },
      { QUEUE_URL: `memory:shop:${PASSWORD}@db?x=1` },
    ];
    for (const env of mishaped) {
      const outcome = await (async () => startService(readConfig({ PORT: '0', ...env }), { write: () => {} }))().then(
        () => 'it started',
        (error: unknown) => error,
      );
      expect(codeOf(outcome), JSON.stringify(env)).to.equal('misconfigured');
      expect(tell(outcome)).not.to.include(PASSWORD);
    }
  });

  it('a line of the log is one line, whatever ids, headers and errors hold', async () => {
    const ESC = '\u001b';
    const ids = [
      'a\u2028b',
      'a\u2029b',
      'a\u202eb',
      'a\u2066b',
      '{"level":"error"}',
      'a\\nb',
      '__proto__',
      'a"b',
      '😀',
    ];
    for (const product_id of ids) expect((await post({ product_id, price: 1 })).status, product_id).to.equal(202);
    for (const product_id of ['a\nb', `a${ESC}[2Jb`, 'a\u0085b', 'a\u0000b']) {
      const { status, body } = await post({ product_id, price: 1 });
      expect(status).to.equal(400);
      expect(body).not.to.include('a\\nb');
    }
    await until(() => lines.filter((line) => line.includes('"msg":"ack"')).length === ids.length);
    store.refusal = () =>
      new CodedError('invalid', `first\n{"level":"error","msg":"forged"}\r\n${ESC}[31mred\u2028\u009b0m`);
    await post({ product_id: 'x\u2028y', price: 1 });
    await until(() => lines.some((line) => line.includes('"msg":"dead letter"')));
    store.outage = new TypeError(`bug\n${ESC}[2J`);
    await ask('/products/%0A%1B%5B2J', { key: keys.read });
    await ask('/products/p%E2%80%A8', { key: keys.read });
    await ask('/queue%0Aforged?x=%1b', { key: keys.admin });
    await ask('/events', { method: 'POST', key: keys.write, json: {}, headers: { traceparent: '00-\u0085\u009b2J' } });

    for (const line of lines) {
      expect(line.indexOf('\n')).to.equal(line.length - 1);
      // oxlint-disable-next-line no-control-regex -- just those
      expect(line.slice(0, -1)).not.to.match(/[\u0000-\u001f\u007f-\u009f\u2028-\u202e\u2066-\u2069]/);
      expect(JSON.parse(line)).to.include.keys('level', 'time', 'msg');
    }
    const told = lines.map((line) => JSON.parse(line) as Record<string, unknown>);
    expect(told.filter(({ msg }) => msg === 'forged')).to.deep.equal([]);
    expect(told.filter(({ msg }) => msg === 'enqueue').map(({ product_id }) => product_id)).to.include.members(ids);
  });
});
