import { codeOf, CodedError } from '@product-updates/errors';
import { durabilities, systemClock } from '@product-updates/queue';
import { expect } from 'chai';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readConfig } from '../src/config.ts';
import { checkDurability, checkSchemes, isQueueShared, openers, openQueue, openStore } from '../src/open.ts';

const codec = { encode: (): Uint8Array => new Uint8Array(), decode: (): string => '' };
const queueContext = { codec, clock: systemClock };
const storeContext = { deadLetterMax: 10, clock: systemClock };

async function refusalOf(opened: Promise<unknown>, code = 'misconfigured'): Promise<string> {
  const error: unknown = await opened.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(codeOf(error)).to.equal(code);
  return (error as Error).message;
}

const queueOf = (env: Record<string, string>, known = openers): Promise<unknown> =>
  openQueue(readConfig(env), known, queueContext);
const storeOf = (env: Record<string, string>, known = openers): Promise<unknown> =>
  openStore(readConfig(env), known, storeContext);

describe('open', () => {
  it('opens what the URLs name', async () => {
    const { queue, durability } = await openQueue(
      readConfig({ QUEUE_URL: 'memory:?capacity=7' }),
      openers,
      queueContext,
    );
    expect((await queue.stats()).capacity).to.equal(7);
    expect(durability).to.equal('none');
    const { store } = await openStore(readConfig({}), openers, storeContext);
    expect(await store.products.get('p1')).to.equal(undefined);
  });

  it('lists the schemes there are when it does not know one', async () => {
    for (const url of ['amqp://shop:hunter2@broker', 'mysql://shop:hunter2@db', 'constructor:', 'toString:']) {
      expect(await refusalOf(queueOf({ QUEUE_URL: url }))).to.equal(
        `QUEUE_URL: unknown scheme "${new URL(url).protocol}"; known: memory:, lmdb:`,
      );
      expect(await refusalOf(storeOf({ STORE_URL: url }))).to.equal(
        `STORE_URL: unknown scheme "${new URL(url).protocol}"; known: memory:, lmdb:, postgres:, postgresql:, redis:, rediss:`,
      );
    }
  });

  it('knows which queues others read too, who shall find JSON there', () => {
    const queue = openers.queues['memory:']!;
    const known = { ...openers, queues: { ...openers.queues, 'x:': { ...queue, shared: true } } };
    const isShared = (url: string): boolean => isQueueShared(readConfig({ QUEUE_URL: url }), known);
    expect(['memory:', 'lmdb:./data', 'x:'].map(isShared)).to.deep.equal([false, false, true]);
    expect(() => isShared('y:')).to.throw(/^QUEUE_URL: unknown scheme "y:"/);
  });

  it('finds a bad scheme before anything is opened', () => {
    const check = (env: Record<string, string>) => (): void => checkSchemes(readConfig(env), openers);
    expect(check({ STORE_URL: 'postgres://127.0.0.1:1/x' })).not.to.throw();
    expect(check({ STORE_URL: 'postgres://127.0.0.1:1/x', QUEUE_URL: 'x:' })).to.throw(
      /^QUEUE_URL: unknown scheme "x:"/,
    );
    expect(check({ STORE_URL: 'x:' })).to.throw(/^STORE_URL: unknown scheme "x:"/);
    expect(check({ ROLE: 'worker', STORE_URL: 'redis://127.0.0.1:1' })).to.throw(/^ROLE worker: QUEUE_URL memory:/);
  });

  describe('DATA_DIR', () => {
    let folder: string;
    before(() => (folder = mkdtempSync(join(tmpdir(), 'open-test-'))));
    after(() => rmSync(folder, { recursive: true }));

    it('is a queue and a store on disk, whatever its name', async () => {
      const DATA_DIR = `/${join(folder, 'a b?#%41ü')}`;
      const config = readConfig({ DATA_DIR });
      await using queue = (await openQueue(config, openers, queueContext)).queue;
      const opened = await openStore(config, openers, storeContext);
      await using store = opened.store;
      await Promise.all([queue.ping(), store.ping()]);
      expect(opened.durability).to.equal('disk');
      expect(readdirSync(DATA_DIR).toSorted()).to.deep.equal(['queue', 'store']);
    });

    it('is what is named where its folder cannot be used, unless the URL was given', async () => {
      const file = join(folder, 'file');
      writeFileSync(file, '');
      expect(await refusalOf(queueOf({ DATA_DIR: file }))).to.match(/^DATA_DIR: .*file/);
      expect(await refusalOf(storeOf({ DATA_DIR: file }))).to.match(/^DATA_DIR: .*file/);
      expect(await refusalOf(queueOf({ DATA_DIR: folder, QUEUE_URL: `lmdb:${file}/q` }))).to.match(/^QUEUE_URL: /);
    });
  });

  it('says which variable an option belongs to', async () => {
    expect(await refusalOf(queueOf({ QUEUE_URL: 'memory:?capacity=0' }))).to.match(/^QUEUE_URL: .*capacity/);
    expect(await refusalOf(queueOf({ QUEUE_URL: 'memory:?size=1' }))).to.match(/^QUEUE_URL: .*known: capacity$/);
    expect(await refusalOf(storeOf({ STORE_URL: 'memory:?x=1' }))).to.match(/^STORE_URL: .*takes none$/);
  });

  it('keeps the code of a refusal, and leaves a bug as it is', async () => {
    const failing = (error: Error): typeof openers => ({
      ...openers,
      stores: { 'memory:': { shared: false, load: async () => () => Promise.reject(error) } },
    });
    const away = new CodedError('unavailable', 'postgres://shop:hunter2@db does not answer');
    expect(await refusalOf(storeOf({}, failing(away)), 'unavailable')).to.equal(
      'STORE_URL: postgres://shop:***@db does not answer',
    );
    const bug = new TypeError('x');
    expect(await storeOf({}, failing(bug)).catch((error: unknown) => error)).to.equal(bug);
  });

  it('wants one process to do all where its memory is the queue', async () => {
    for (const role of ['api', 'worker']) {
      expect(await refusalOf(queueOf({ ROLE: role }))).to.equal(
        `ROLE ${role}: QUEUE_URL memory: is this process's own and needs ROLE=all`,
      );
      expect(await refusalOf(storeOf({ ROLE: role }))).to.match(/^ROLE /);
    }
  });

  it('refuses a queue that is more durable than its store, unless it may', () => {
    const refused = [];
    for (const [q, queue] of durabilities.entries()) {
      for (const [s, store] of durabilities.entries()) {
        const check = (allowVolatileStore: boolean) => (): void =>
          checkDurability({ durability: queue }, { durability: store }, { allowVolatileStore });
        expect(check(true)).not.to.throw();
        if (q <= s) {
          expect(check(false)).not.to.throw();
        } else {
          expect(check(false)).to.throw(CodedError, `QUEUE_URL is more durable (${queue}) than STORE_URL (${store})`);
          refused.push(queue);
        }
      }
    }
    expect(refused).to.have.length(6);
  });
});
