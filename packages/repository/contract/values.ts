import { expect } from 'chai';
import type { ProductRecord } from '@product-updates/domain';
import { byId, readAll, same } from './observe.ts';
import { both, chunksOf, price, stock, v } from './samples.ts';
import type { StoreTest, Subject } from './subject.ts';

/** R14 to R16: numbers, ids and sizes. */
export const valueTests: readonly StoreTest[] = [
  { id: 'R14.1', title: 'prices and stocks come back the same', timeoutMs: 10_000, run: numbers },
  {
    id: 'R14.2',
    title: 'values are compared as numbers, not as texts or roundly',
    timeoutMs: 10_000,
    run: comparedAsNumbers,
  },
  {
    id: 'R15',
    title: 'ids are opaque: any character, no two mixed up, nothing of them run',
    timeoutMs: 20_000,
    run: ids,
  },
  { id: 'R16.1', title: 'batches of 1, 1,000 and 20,000', timeoutMs: 60_000, run: batches },
  { id: 'R16.2', title: 'a batch of 1,000 takes the round trips declared', timeoutMs: 60_000, run: roundTrips },
];

const prices = [
  0, 0.1, 19.99, 0.3, 99.99, 1e-7, 5e-324, 9_999_999_999.9999, 123_456_789.012_345, 999_999_999_999.999, 1e12,
];
const stocks = [0, 1, 2 ** 31 - 1, 2 ** 31, 2 ** 32, 2 ** 53 - 1];

async function numbers(subject: Subject): Promise<void> {
  const { products } = await subject.open();
  const records = [
    ...prices.map((p, i) => price(`p${i}`, p, i + 1)),
    ...stocks.map((s, i) => stock(`s${i}`, s, i + 1)),
  ];
  expect(byId(await products.apply(records)), 'as changed').to.deep.equal(byId(records));
  expect(await products.getMany(records.map((record) => record.product_id))).to.deep.equal(records);

  await products.apply([both('zero', -0, -0, 1)]);
  await products.apply([both('later', 5, 5, 1)]);
  const [changed] = await products.apply([both('later', -0, -0, 2)]);
  const values = [changed, await products.get('zero'), await products.get('later')].flatMap((r) => [
    r?.price,
    r?.stock,
  ]);
  for (const value of values) expect(Object.is(value, 0), '0 for −0').to.equal(true);

  const largest = {
    ...both('max', 1, 1, 1),
    price_version: Number.MAX_SAFE_INTEGER,
    stock_version: 1,
  } as ProductRecord;
  await products.apply([largest]);
  expect(await products.get('max'), 'the largest and the smallest version').to.deep.equal(largest);
}

async function comparedAsNumbers(subject: Subject): Promise<void> {
  const { products } = await subject.open();
  const pairs: readonly [smaller: number, larger: number][] = [
    [9, 10],
    [9.5, 10.25],
    [2, 1e11],
    [0.1, 0.100_000_000_000_01],
    [1e-7, 1],
    [2 ** 53 - 2, 2 ** 53 - 1],
  ];
  for (const [i, [smaller, larger]] of pairs.entries()) {
    const id = `p${i}`;
    await products.apply([both(id, smaller, Math.floor(smaller), 1)]);
    expect(await products.apply([price(id, larger, 1)]), `${larger} after ${smaller}`).to.have.length(1);
    expect(await products.apply([price(id, smaller, 1)]), `${smaller} after ${larger}`).to.have.length(0);
    expect((await products.get(id))?.price).to.equal(larger);
  }
  const counts: readonly [smaller: number, larger: number][] = [
    [9, 10],
    [2 ** 31 - 1, 2 ** 31],
    [2 ** 53 - 2, 2 ** 53 - 1],
  ];
  for (const [i, [smaller, larger]] of counts.entries()) {
    await products.apply([stock(`s${i}`, smaller, 1)]);
    expect(await products.apply([stock(`s${i}`, larger, 1)]), `${larger} after ${smaller}`).to.have.length(1);
    expect(await products.apply([stock(`s${i}`, smaller, 1)]), `${smaller} after ${larger}`).to.have.length(0);
  }
  const near = { ...stock('near', 1, 1), stock_version: v(Number.MAX_SAFE_INTEGER - v(0) - 1) };
  const largest = { ...near, stock: 0, stock_version: Number.MAX_SAFE_INTEGER } as ProductRecord;
  await products.apply([near]);
  expect(await products.apply([largest]), 'versions that differ in the last bit').to.deep.equal([largest]);
}

/** What has a meaning somewhere: prototypes, paths, globs, key separators, cluster tags, SQL, Lua, formats, collations. */
const opaqueIds: readonly string[] = [
  '__proto__ constructor toString hasOwnProperty a/b ..x ../x a\\b %2F % %s a:b : * {a} {a}b {} [a] a* a? # $1 $$ ` - --',
  "0 00 1e3 -0 null NaN true ' '' \" '; '1'='1 \\ \\' ]] ${1} ]]redis.call('FLUSHALL')-- ';drop\u00A0table\u00A0products;--",
  'a A aa \u00E1 a\u0301 ß ss ı I Å \u200D مرحبا 商品 😀 👨‍👩‍👧 \uFFFD \uE000',
]
  .flatMap((line) => line.split(' '))
  .concat(['a b', 'a  b', "' or 1=1 --", 'a\u2028b', 'x'.repeat(128), '😀'.repeat(64), '商'.repeat(128)]);

async function ids(subject: Subject): Promise<void> {
  const { products } = await subject.open();
  const records = opaqueIds.map((id, i) => both(id, i, i, i + 1));
  expect(new Set(opaqueIds).size, 'the sample has no id twice').to.equal(opaqueIds.length);
  for (const record of records) expect(await products.get(record.product_id), record.product_id).to.equal(undefined);
  expect(byId(await products.apply(records))).to.deep.equal(byId(records));
  expect(await products.getMany(opaqueIds)).to.deep.equal(records);
  for (const record of records) expect(await products.get(record.product_id)).to.deep.equal(record);
}

async function batches(subject: Subject): Promise<void> {
  const store = await subject.open();
  for (const [i, size] of [1, 1000, 20_000].entries()) {
    const records = Array.from({ length: size }, (_, at) => both(`${size}-${at}`, at / 100, at, i + 1));
    expect(await store.products.apply(records), `${size}: changed`).to.have.length(size);
    expect(await store.products.apply(records), `${size}: changed again`).to.have.length(0);
    same(
      await readAll(
        store,
        records.map((record) => record.product_id),
      ),
      records,
    );
    const newer = chunksOf(records, 2).map(([record]) => ({ ...record!, stock: 5, stock_version: v(100) }));
    same(byId(await store.products.apply(newer)), byId(newer));
  }
}

async function roundTrips(subject: Subject): Promise<void> {
  const made = subject.fault('roundTrips');
  const { products } = await subject.open();
  await products.apply([both('warm', 1, 1, 1)]);
  const before = await made();
  await products.apply(Array.from({ length: 1000 }, (_, i) => both(`p${i}`, i, i, 2)));
  expect((await made()) - before).to.be.at.most(subject.declared.roundTripsPerBatch);
}
