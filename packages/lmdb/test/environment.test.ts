import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openEnvironment, type Environment, type EnvironmentOptions } from '@product-updates/lmdb';
import { codeOf } from '@product-updates/errors';
import { expect } from 'chai';

const MIB = 2 ** 20;

describe('an environment', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'lmdb-'));
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  const open = (options: Partial<EnvironmentOptions> = {}): Promise<Environment> =>
    openEnvironment(folder, { part: 'store', format: 1, migrations: {}, maxBytes: 64 * MIB, ...options });

  it('keeps what was written, in the order of the keys', async () => {
    {
      await using environment = await open();
      const texts = environment.table('texts');
      const numbers = environment.numberedTable('numbers');
      await environment.write(() => {
        for (const key of ['b', 'a', 'ä', '\u{1f600}', '\uffff']) texts.put(key, bytes(key));
        for (const key of [256, 1, 2 ** 40, 0, 255]) numbers.put(key, bytes(String(key)));
      });
      await environment.write(() => texts.remove('b'));
    }
    await using environment = await open();
    const texts = environment.table('texts');
    const numbers = environment.numberedTable('numbers');
    expect([...texts.entries()].map(([key, value]) => [key, text(value)])).to.deep.equal(
      ['a', 'ä', '\uffff', '\u{1f600}'].map((key) => [key, key]),
    );
    expect([...numbers.entries()].map(([key]) => key)).to.deep.equal([0, 1, 255, 256, 2 ** 40]);
    expect([...numbers.entries({ after: 1, limit: 2 })].map(([key]) => key)).to.deep.equal([255, 256]);
    expect([...numbers.entries({ reverse: true, after: 256 })].map(([key]) => key)).to.deep.equal([255, 1, 0]);
    expect([...numbers.entries({ reverse: true, limit: 1 })].map(([key]) => key)).to.deep.equal([2 ** 40]);
    expect(texts.get('b')).to.equal(undefined);
    expect(numbers.count()).to.equal(5);
    await environment.ping();
  });

  it('shares one folder between parts, and commits', async () => {
    const queue = await open({ part: 'queue' });
    const store = await open();
    const key = (environment: Environment) => environment.table('t');
    const [a, b] = [key(queue), key(store)];
    await Promise.all([queue.write(() => a.put('k', bytes('queue'))), store.write(() => b.put('k', bytes('store')))]);
    expect([text(a.get('k')), text(b.get('k'))]).to.deep.equal(['queue', 'store']);
    expect(await open().catch(codeOf)).to.equal('misconfigured');
    await queue[Symbol.asyncDispose]();
    expect(await queue.write(() => a.put('k', bytes('no'))).catch(codeOf)).to.equal('closed');
    await store.write(() => b.put('k', bytes('still')));
    expect(text(b.get('k'))).to.equal('still');
    await store[Symbol.asyncDispose]();
    await store[Symbol.asyncDispose]();
  });
});

function bytes(text: string): Uint8Array {
  return Buffer.from(text);
}

function text(value: Uint8Array | undefined): string | undefined {
  return value === undefined ? undefined : Buffer.from(value).toString();
}
