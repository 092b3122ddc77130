import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openEnvironment, type Environment } from '@product-updates/lmdb';
import { expect } from 'chai';

const x = Buffer.from('x');

describe('group commit', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'lmdb-'));
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  const open = (): Promise<Environment> =>
    openEnvironment(folder, { part: 'store', format: 1, migrations: {}, maxBytes: 2 ** 26 });

  it('writes all of a change or nothing, and each change on its own', async () => {
    await using environment = await open();
    const table = environment.table('t');
    const bug = new Error('a bug');
    const results = await Promise.allSettled([
      environment.write(() => table.put('a', x)),
      environment.write(() => {
        table.put('b', x);
        throw bug;
      }),
      environment.write(() => table.put('c', x)),
      environment.write(() => {}),
    ]);
    expect(results.map(({ status }) => status)).to.deep.equal(['fulfilled', 'rejected', 'fulfilled', 'fulfilled']);
    expect([...table.entries()].map(([key]) => key)).to.deep.equal(['a', 'c']);
    await environment.write(() => {});
  });

  it('commits what came during a commit together with what those write at once who waited for it', async () => {
    await using environment = await open();
    const table = environment.table('t');
    const put = (key: string): Promise<void> => environment.write(() => table.put(key, x));
    const during = Promise.withResolvers<void>();
    const seen: (readonly string[])[] = [];
    const waited = environment
      .write(() => {
        table.put('first', x);
        // Handed over in this turn, so it is under way in the next one.
        setImmediate(() => {
          put('during').then(() => {
            seen.push([...table.entries()].map(([key]) => key));
            during.resolve();
          }, during.reject);
        });
      })
      .then(() => put('at once'));
    await Promise.all([waited, during.promise]);
    expect(seen).to.deep.equal([['at once', 'during', 'first']]);
  });

  it('runs a change late: what is gathered while a commit is under way goes into the next', async () => {
    await using environment = await open();
    const table = environment.numberedTable('t');
    const gathered: number[] = [];
    let runs = 0;
    const gather = (): void => {
      runs++;
      for (const key of gathered.splice(0)) table.put(key, x);
    };
    const first = environment.write(() => table.put(0, x));
    await new Promise((resolve) => setImmediate(resolve));
    const second = environment.write(gather);
    expect(runs).to.equal(0);
    gathered.push(1, 2, 3);
    await first;
    await second;
    expect(table.count()).to.equal(4);
  });
});
