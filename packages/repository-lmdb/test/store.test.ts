import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { NEVER, versionOf, type ProductRecord } from '@product-updates/domain';
import { codeOf } from '@product-updates/errors';
import { openEnvironment } from '@product-updates/lmdb';
import { systemClock } from '@product-updates/queue';
import { openLmdbStore } from '@product-updates/repository-lmdb';
import { expect } from 'chai';

const context = { deadLetterMax: 2, clock: systemClock };
const price = (product_id: string, value: number, version: number): ProductRecord => ({
  product_id,
  price: value,
  price_version: versionOf(Date.UTC(2026, 0, 1), version),
  stock: null,
  stock_version: NEVER,
});

describe('an LMDB store', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'store-'));
  });
  afterEach(() => rmSync(folder, { recursive: true }));
  const open = async () => (await openLmdbStore(new URL(`lmdb:${folder}`), context)).store;

  it('answers each of the applies that share a commit with its own changes, in their order', async () => {
    await using store = await open();
    const { products } = store;
    const answers = await Promise.all([1, 3, 2, 4].map((version) => products.apply([price('p', version, version)])));
    expect(answers.map((records) => records.map((record) => record.price))).to.deep.equal([[1], [3], [], [4]]);
    expect(await products.get('p')).to.deep.equal(price('p', 4, 4));
  });

  it('refuses an id that no key can have, and nothing that shares the commit with it', async () => {
    await using store = await open();
    const { products } = store;
    const ids = ['', 'x'.repeat(660), 'x'.repeat(70_000)];
    const refused = ids.map((id) =>
      products.apply([price('beside', 1, 1), price(id, 1, 1)]).then(() => 'taken', codeOf),
    );
    const longest = '丠'.repeat(659);
    const taken = products.apply([price(longest, 1, 1)]);
    expect(await Promise.all(refused)).to.deep.equal(ids.map(() => 'invalid'));
    await taken;
    expect(await products.get(longest)).to.deep.equal(price(longest, 1, 1));
    expect(await products.get('x'.repeat(70_000))).to.equal(undefined);
  });

  it('says which data is damaged, and goes on with the rest', async () => {
    {
      await using environment = await openEnvironment(folder, {
        part: 'store',
        format: 1,
        migrations: {},
        maxBytes: 2 ** 30,
      });
      const [products, letters] = [environment.table('products'), environment.table('letters')];
      await environment.write(() => {
        products.put('bad', new Uint8Array(31));
        letters.put('bad', Uint8Array.of(2, 0, 0, 0, 123, 123));
      });
    }
    await using store = await open();
    const { products, deadLetters } = store;
    const damaged = [
      products.get('bad'),
      products.getMany(['bad']),
      products.apply([price('bad', 1, 1)]),
      deadLetters.get('bad'),
      deadLetters.list({ limit: 1 }),
    ];
    for (const call of damaged) expect(await call.then(() => 'answered', codeOf)).to.equal('misconfigured');
    await Promise.allSettled([products.apply([price('bad', 1, 1)]), products.apply([price('good', 1, 1)])]);
    expect(await products.get('good')).to.deep.equal(price('good', 1, 1));
    expect(await deadLetters.remove('bad')).to.equal(true);
    expect(await deadLetters.list({ limit: 1 })).to.deep.equal([]);
  });

  it('is opened at a path with a blank, relative to where the process is', async () => {
    const here = process.cwd();
    process.chdir(folder);
    try {
      const { store, durability, description } = await openLmdbStore(new URL('lmdb:./a%20b/store'), context);
      await store[Symbol.asyncDispose]();
      expect({ durability, description }).to.deep.equal({
        durability: 'disk',
        description: `lmdb ${join(process.cwd(), 'a b', 'store')}`,
      });
    } finally {
      process.chdir(here);
    }
  });
});
