import { execFileSync } from 'node:child_process';
import {
  appendFileSync,
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { codeOf } from '@product-updates/errors';
import { openEnvironment, type Environment, type EnvironmentOptions } from '@product-updates/lmdb';
import { expect } from 'chai';
import { Commits } from '../src/commits.ts';
import { Database } from '../src/database.ts';

const MIB = 2 ** 20;

describe('an environment', () => {
  let root: string;
  let folder: string;
  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), 'lmdb-'));
    folder = join(root, 'new', 'data');
  });
  afterEach(() => rmSync(root, { recursive: true }));

  const open = (options: Partial<EnvironmentOptions> = {}, path = folder): Promise<Environment> =>
    openEnvironment(path, { part: 'store', format: 1, migrations: {}, maxBytes: 64 * MIB, ...options });

  async function refusal(opening: Promise<Environment>): Promise<string> {
    const error = await opening.then(
      () => new Error('it was opened'),
      (reason: unknown) => reason,
    );
    expect(codeOf(error), String(error)).to.equal('misconfigured');
    return (error as Error).message;
  }

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
      await environment.write(() => texts.remove('never there'));
    }
    await using environment = await open();
    const texts = environment.table('texts');
    const numbers = environment.numberedTable('numbers');
    expect([...texts.entries()].map(([key, value]) => [key, text(value)])).to.deep.equal(
      ['a', 'ä', '\uffff', '\u{1f600}'].map((key) => [key, key]),
    );
    expect([...texts.entries({ after: '' })].length).to.equal(4);
    expect([...numbers.entries()].map(([key]) => key)).to.deep.equal([0, 1, 255, 256, 2 ** 40]);
    expect([...numbers.entries({ after: 1, limit: 2 })].map(([key]) => key)).to.deep.equal([255, 256]);
    expect([...numbers.entries({ reverse: true, after: 256 })].map(([key]) => key)).to.deep.equal([255, 1, 0]);
    expect([...numbers.entries({ reverse: true, limit: 1 })].map(([key]) => key)).to.deep.equal([2 ** 40]);
    expect(texts.get('b')).to.equal(undefined);
    expect(numbers.count()).to.equal(5);
    await environment.ping();
  });

  it('refuses keys that LMDB cannot take, and finds nothing under them', async () => {
    await using environment = await open();
    const texts = environment.table('texts');
    const numbers = environment.numberedTable('numbers');
    const long = 'x'.repeat(1978);
    await environment.write(() => texts.put(long, bytes('there')));
    for (const key of ['', `${long}x`]) {
      const error = await environment.write(() => texts.put(key, bytes('no'))).catch((reason: unknown) => reason);
      expect(codeOf(error)).to.equal('invalid');
      expect(texts.get(key)).to.equal(undefined);
    }
    expect([...texts.entries({ after: `${long}x` })]).to.deep.equal([]);
    for (const key of [-1, 0.5, 2 ** 53]) {
      expect(await environment.write(() => numbers.put(key, bytes('no'))).catch(codeOf)).to.equal('invalid');
    }
    expect(() => texts.put('outside', bytes('of a write'))).to.throw('only within a write');
  });

  it('shares one folder between parts, and commits', async () => {
    const queue = await open({ part: 'queue' });
    mkdirSync(join(root, 'links'));
    symlinkSync(folder, join(root, 'links', 'link'));
    const store = await open({}, join(root, 'links', 'link'));
    expect(store.folder).to.equal(queue.folder);
    const [a, b] = [queue.table('t'), store.table('t')];
    await Promise.all([queue.write(() => a.put('k', bytes('queue'))), store.write(() => b.put('k', bytes('store')))]);
    expect([text(a.get('k')), text(b.get('k'))]).to.deep.equal(['queue', 'store']);
    expect(await refusal(open())).to.include('is open already, as store');
    const last = queue.write(() => a.put('k', bytes('last')));
    await queue[Symbol.asyncDispose]();
    await last;
    for (const call of [() => queue.write(() => {}), () => queue.ping(), async () => a.get('k')]) {
      expect(await call().catch(codeOf)).to.equal('closed');
    }
    await store.write(() => b.put('k', bytes('still')));
    expect(text(b.get('k'))).to.equal('still');
    const closing = store[Symbol.asyncDispose]();
    await using again = await open();
    await closing;
    await store[Symbol.asyncDispose]();
    expect(text(again.table('t').get('k'))).to.equal('still');
  });

  it('brings an older format to its own, step by step, and refuses a newer one', async () => {
    {
      await using environment = await open();
      const table = environment.table('t');
      await environment.write(() => table.put('k', bytes('1')));
    }
    const step = (environment: Environment): void => {
      const table = environment.table('t');
      table.put('k', bytes(`${text(table.get('k'))}, ${Number(text(table.get('k'))?.at(-1)) + 1}`));
    };
    const missing = await open({ format: 3, migrations: { 1: step } }).catch((error: unknown) => error);
    expect(missing).to.have.property('message', 'store: nothing leads from format 2 to 3');
    {
      await using environment = await open({ format: 3, migrations: { 1: step, 2: step } });
      expect(text(environment.table('t').get('k'))).to.equal('1, 2, 3');
    }
    const message = await refusal(open({ format: 2 }));
    expect(message).to.include(folder).and.include('newer version (format 3 of store, this one knows 2)');
    await using environment = await open({ format: 3 });
    expect(text(environment.table('t').get('k'))).to.equal('1, 2, 3');
  });

  it('refuses tables of which it does not know the format', async () => {
    {
      await using environment = await open();
      environment.table('t');
    }
    const commits: Commits = new Commits(folder, () => database);
    const database = new Database(folder, MIB);
    const handle = database.table('meta');
    await commits.write(() => commits.record({ handle, key: bytes('format:store'), value: undefined }), true);
    await database.close();
    rmSync(join(folder, 'owner.lock'));
    expect(await refusal(open())).to.include('does not say its format; restore a backup');
  });

  it('is full at its bound, frees room beyond it, and goes on', async () => {
    await using environment = await open({ maxBytes: MIB });
    const table = environment.numberedTable('t');
    let written = 0;
    let code: unknown;
    while (code === undefined) {
      code = await environment
        .write(() => table.put(written, new Uint8Array(3000)))
        .then(() => void written++)
        .catch(codeOf);
    }
    expect(code).to.equal('full');
    expect(written).to.be.within(100, 300);
    expect(await environment.ping().catch(codeOf)).to.equal('full');
    expect(table.count()).to.equal(written);
    await environment.write(() => table.put(0, new Uint8Array(3000)), { frees: true });
    for (let key = 0; key < written; key += 100) {
      const remove = (): void => {
        for (let at = key; at < Math.min(key + 100, written); at++) table.remove(at);
      };
      await environment.write(remove, { frees: true });
    }
    await environment.ping();
    await environment.write(() => table.put(0, new Uint8Array(100_000)));
  });

  it('refuses what is not a folder that it can use, and says what to do', async () => {
    const file = join(root, 'file');
    writeFileSync(file, 'text');
    expect(await refusal(open({}, file))).to.include(`${file}: `);
    expect(await refusal(open({}, join(file, 'below')))).to.include('file/below: ');
    if (existsSync('/proc/self')) expect(await refusal(open({}, '/proc/none/below'))).to.include('/proc/none/below: ');
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, 'data.mdb'), 'text'.repeat(5000));
    expect(await refusal(open())).to.include('data.mdb is not a file of LMDB; restore a backup');
  });

  const asRoot = process.getuid?.() === 0;
  (asRoot ? it.skip : it)(`refuses a folder in which it may not write${asRoot ? ' (root may)' : ''}`, async () => {
    mkdirSync(folder, { recursive: true });
    chmodSync(folder, 0o500);
    expect(await refusal(open())).to.include(folder);
    chmodSync(folder, 0o700);
  });
});

/** A disk of its own, of 16 MiB. */
describe('on a small disk', () => {
  const reason = whyNoDisk();
  const itWhere = reason === undefined ? it : it.skip;

  itWhere(`is full while the disk is, and works again when there is room${reason ?? ''}`, async () => {
    const disk = mkdtempSync(join(tmpdir(), 'disk-'));
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=16m', 'tmpfs', disk]);
    try {
      const options = { part: 'store', format: 1, migrations: {}, maxBytes: 64 * MIB };
      const folder = join(disk, 'data');
      {
        await using environment = await openEnvironment(folder, options);
        const table = environment.numberedTable('t');
        await environment.write(() => table.put(1, bytes('there')));
        fillUp(disk);
        for (let round = 0; round < 3; round++) {
          expect(await environment.write(() => table.put(2, new Uint8Array(4 * MIB))).catch(codeOf)).to.equal('full');
          expect(text(table.get(1))).to.equal('there');
          await environment.write(() => table.put(1, bytes('there')), { frees: true });
        }
        rmSync(join(disk, 'ballast'));
        await environment.write(() => table.put(2, new Uint8Array(4 * MIB)));
        fillUp(disk);
      }
      // Full to the last block, also for what opening it needs.
      await using environment = await openEnvironment(folder, options);
      expect(text(environment.table('t').get('nothing'))).to.equal(undefined);
      rmSync(join(disk, 'ballast'));
      await environment.ping();
    } finally {
      execFileSync('umount', [disk]);
      rmSync(disk, { recursive: true });
    }
  });
});

function fillUp(disk: string): void {
  const file = join(disk, 'ballast');
  for (const size of [MIB, 4096]) {
    try {
      for (;;) appendFileSync(file, new Uint8Array(size));
    } catch (error) {
      expect(error).to.have.property('code', 'ENOSPC');
    }
  }
}

function whyNoDisk(): string | undefined {
  if (process.platform !== 'linux' || process.getuid?.() !== 0) return ' (only root on Linux can mount one)';
  const disk = mkdtempSync(join(tmpdir(), 'disk-'));
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=16m', 'tmpfs', disk], { stdio: 'ignore' });
    execFileSync('umount', [disk]);
    return undefined;
  } catch {
    return ' (this container may not mount one)';
  } finally {
    rmSync(disk, { recursive: true });
  }
}

function bytes(text: string): Uint8Array {
  return Buffer.from(text);
}

const text = (value: Uint8Array | undefined): string | undefined =>
  value === undefined ? undefined : Buffer.from(value).toString();
