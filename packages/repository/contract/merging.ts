import { expect } from 'chai';
import { coalesce, type ProductRecord } from '@product-updates/domain';
import { createModelStore } from './model-store.ts';
import { byId, readAll, same } from './observe.ts';
import { both, chunksOf, ordersOf, price, splitsOf, stock, v } from './samples.ts';
import type { StoreTest, Subject } from './subject.ts';

/** R1 to R6: what one update after another does. */
export const mergingTests: readonly StoreTest[] = [
  { id: 'R1.1', title: 'an unknown product is undefined, among known ones too', timeoutMs: 10_000, run: unknown },
  { id: 'R2', title: 'a first update creates; a field it does not set stays absent', timeoutMs: 10_000, run: creates },
  {
    id: 'R3',
    title: 'per field the larger version wins, an older one changes nothing',
    timeoutMs: 10_000,
    run: newerWins,
  },
  { id: 'R4', title: 'at one version the larger value wins, whichever comes first', timeoutMs: 10_000, run: ties },
  {
    id: 'R5',
    title: 'price@5, stock@3, price@4, stock@6 in any order is price@5, stock@6',
    timeoutMs: 20_000,
    run: fields,
  },
  { id: 'R6', title: 'every order and every batching of 6 updates ends the same', timeoutMs: 60_000, run: everyOrder },
];

async function unknown(subject: Subject): Promise<void> {
  const { products } = await subject.open();
  expect(await products.get('p1')).to.equal(undefined);
  expect(await products.getMany([])).to.deep.equal([]);
  expect(await products.apply([])).to.deep.equal([]);
  await products.apply([price('p1', 1, 1), price('p3', 3, 1)]);
  expect(await products.get('p2')).to.equal(undefined);
  const asked = ['p3', 'p2', 'p1', 'p3'];
  const found = await products.getMany(asked);
  expect(found.map((record) => record?.product_id)).to.deep.equal(['p3', undefined, 'p1', 'p3']);
}

async function creates(subject: Subject): Promise<void> {
  const { products } = await subject.open();
  const created = [price('p', 19.99, 5), stock('s', 7, 5), both('ps', 1.5, 0, 5)];
  expect(byId(await products.apply(created))).to.deep.equal(byId(created));
  expect(await products.getMany(['p', 's', 'ps'])).to.deep.equal(created);
  expect(await products.get('p')).to.deep.equal(price('p', 19.99, 5));
  await products.apply([stock('p', 3, 1)]);
  expect(await products.get('p')).to.deep.equal({ ...price('p', 19.99, 5), stock: 3, stock_version: v(1) });
}

async function newerWins(subject: Subject): Promise<void> {
  const { products } = await subject.open();
  await products.apply([both('p1', 10, 100, 5), both('p2', 10, 100, 5)]);
  expect(await products.apply([both('p1', 99, 999, 4)]), 'changed by older ones').to.deep.equal([]);
  expect(await products.apply([both('p1', 10, 100, 5)]), 'changed by the very same').to.deep.equal([]);
  expect(await products.get('p1')).to.deep.equal(both('p1', 10, 100, 5));

  const halfNewer = { ...both('p1', 9, 999, 4), price_version: v(6) };
  const merged = { ...both('p1', 9, 100, 5), price_version: v(6) };
  expect(await products.apply([halfNewer, price('p2', 1, 4)]), 'only what changed, as it now is').to.deep.equal([
    merged,
  ]);
  expect(await products.get('p1')).to.deep.equal(merged);

  const lower = both('p1', 1, 0, 7);
  expect(await products.apply([lower]), 'a newer lower value').to.deep.equal([lower]);
  expect(await products.get('p1')).to.deep.equal(lower);
}

async function ties(subject: Subject): Promise<void> {
  const { products } = await subject.open();
  await products.apply([both('up', 9, 99, 5), both('down', 10, 100, 5), both('mixed', 9, 100, 5)]);
  const again = [both('up', 10, 100, 5), both('down', 9, 99, 5), both('mixed', 10, 99, 5)];
  const changed = await products.apply(again);
  expect(byId(changed)).to.deep.equal([both('mixed', 10, 100, 5), both('up', 10, 100, 5)]);
  const expected = ['up', 'down', 'mixed'].map((id) => both(id, 10, 100, 5));
  expect(await products.getMany(['up', 'down', 'mixed'])).to.deep.equal(expected);
}

async function fields(subject: Subject): Promise<void> {
  const { products } = await subject.open();
  for (const [i, order] of ordersOf([5, 3, 4, 6]).entries()) {
    const id = `p${i}`;
    for (const version of order) {
      await products.apply([
        version === 5 || version === 4 ? price(id, version, version) : stock(id, version, version),
      ]);
    }
    const expected = { product_id: id, price: 5, price_version: v(5), stock: 6, stock_version: v(6) };
    expect(await products.get(id), `after ${order.join()}`).to.deep.equal(expected);
  }
}

/**
 * 720 orders × 32 batchings of updates to two products. Each pair has products of its own, so that the first batches of
 * all of them go to the store together, then the second ones: the same for a store, which is atomic per product, and
 * 80 round trips where 80,000 would be needed. Within a batch, updates of one product are coalesced, as a worker does it.
 */
async function everyOrder(subject: Subject): Promise<void> {
  const store = await subject.open();
  const updates: readonly ((run: string) => ProductRecord)[] = [
    (run) => price(`${run}a`, 30, 5),
    (run) => stock(`${run}a`, 2, 6),
    (run) => both(`${run}a`, 99, 9, 4),
    (run) => price(`${run}a`, 31, 5),
    (run) => both(`${run}b`, 7, 1, 2),
    (run) => stock(`${run}b`, 0, 3),
  ];
  const rounds: ProductRecord[][] = updates.map(() => []);
  let runs = 0;
  for (const order of ordersOf(updates)) {
    for (const batches of splitsOf(order)) {
      const run = `${runs++}`;
      for (const [round, batch] of batches.entries()) {
        rounds[round]!.push(...coalesce(batch.map((update) => update(run))).values());
      }
    }
  }
  for (const round of rounds) for (const batch of chunksOf(round, 1000)) await store.products.apply(batch);

  expect(runs).to.equal(720 * 32);
  const expected = Array.from({ length: runs }, (_, run) => [
    { product_id: `${run}a`, price: 31, price_version: v(5), stock: 2, stock_version: v(6) },
    { product_id: `${run}b`, price: 7, price_version: v(2), stock: 0, stock_version: v(3) },
  ]).flat();
  const model = createModelStore();
  model.apply(updates.map((update) => update('0')));
  same([model.get('0a'), model.get('0b')], expected.slice(0, 2));
  same(
    await readAll(
      store,
      expected.map((record) => record.product_id),
    ),
    expected,
  );
}
