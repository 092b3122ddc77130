import { coalesce, merge, NEVER, type ProductRecord, type Version } from '@product-updates/domain';
import { expect } from 'chai';
import * as fc from 'fast-check';
import { record, runs } from './arbitraries.ts';

function recordOf(
  price: number | null,
  priceVersion: number,
  stock: number | null,
  stockVersion: number,
): ProductRecord {
  return {
    product_id: 'p',
    price,
    price_version: priceVersion as Version,
    stock,
    stock_version: stockVersion as Version,
  };
}

describe('merge', () => {
  it('lets the larger version of each field win', () => {
    const updates = [
      recordOf(50, 5, null, 0),
      recordOf(null, 0, 30, 3),
      recordOf(40, 4, null, 0),
      recordOf(null, 0, 60, 6),
    ];
    expect(updates.reduce(merge)).to.deep.equal(recordOf(50, 5, 60, 6));
    expect(updates.toReversed().reduce(merge)).to.deep.equal(recordOf(50, 5, 60, 6));
  });

  it('lets the larger value win at equal versions', () => {
    expect(merge(recordOf(1, 5, 2, 5), recordOf(2, 5, 1, 5))).to.deep.equal(recordOf(2, 5, 2, 5));
    expect(merge(recordOf(0, 5, null, NEVER), recordOf(null, 5, null, NEVER))).to.deep.equal(
      recordOf(0, 5, null, NEVER),
    );
  });

  it('is commutative', () => {
    fc.assert(
      fc.property(record(), record(), (a, b) => {
        expect(merge(a, b)).to.deep.equal(merge(b, a));
      }),
      runs(2000),
    );
  });

  it('is associative', () => {
    fc.assert(
      fc.property(record(), record(), record(), (a, b, c) => {
        expect(merge(merge(a, b), c)).to.deep.equal(merge(a, merge(b, c)));
      }),
      runs(2000),
    );
  });

  it('is idempotent, and answers what it was given where the other brings nothing newer', () => {
    fc.assert(
      fc.property(record(), record(), (a, b) => {
        const both = merge(a, b);
        expect(merge(a, { ...a })).to.equal(a);
        expect(merge(both, a)).to.equal(both);
        expect(merge(a, both)).to.deep.equal(both);
        for (const one of [a, b]) {
          if (JSON.stringify(one) === JSON.stringify(both)) expect([a, b]).to.include(both);
        }
      }),
      runs(2000),
    );
  });

  it('never goes back in any field', () => {
    fc.assert(
      fc.property(record(), record(), (a, b) => {
        const both = merge(a, b);
        expect(both.price_version).to.equal(Math.max(a.price_version, b.price_version));
        expect(both.stock_version).to.equal(Math.max(a.stock_version, b.stock_version));
      }),
      runs(1000),
    );
  });
});

describe('coalesce', () => {
  const records = fc.array(record(fc.constantFrom('p', 'q', '__proto__')), { maxLength: 30 });

  it('ends in the same records after any shuffle, duplication and batching', () => {
    const schedule = records.chain((all) =>
      fc.record({
        all: fc.constant(all),
        // Each index at least once, in any order, some again.
        order: fc
          .array(fc.nat({ max: Math.max(all.length - 1, 0) }), { maxLength: all.length === 0 ? 0 : 30 })
          .chain((again) => fc.shuffledSubarray([...all.keys(), ...again], { minLength: all.length + again.length })),
        sizes: fc.infiniteStream(fc.integer({ min: 1, max: 7 })),
      }),
    );
    fc.assert(
      fc.property(schedule, ({ all, order, sizes }) => {
        const stored = new Map<string, ProductRecord>();
        for (let from = 0; from < order.length;) {
          const size = sizes.next().value as number;
          const batch = order.slice(from, from + size).map((i) => all[i] as ProductRecord);
          from += size;
          for (const [id, one] of coalesce(batch)) {
            const there = stored.get(id);
            stored.set(id, there === undefined ? one : merge(there, one));
          }
        }
        expect(Object.fromEntries(stored)).to.deep.equal(Object.fromEntries(coalesce(all)));
      }),
      runs(1000),
    );
  });

  it('keeps the order in which the products first appear', () => {
    const ids = ['b', 'a', 'b', 'c', 'a'];
    const all = ids.map((product_id, i) => ({ ...recordOf(i, i + 1, null, 0), product_id }));
    expect([...coalesce(all).values()].map(({ product_id, price }) => [product_id, price])).to.deep.equal([
      ['b', 2],
      ['a', 4],
      ['c', 3],
    ]);
  });

  it('copies nothing that it need not: a hot product costs no record for each update', () => {
    const rising = Array.from({ length: 100 }, (_, i) => recordOf(i, i + 1, null, 0));
    expect(coalesce(rising).get('p')).to.equal(rising[99]);
    expect(coalesce(rising.toReversed()).get('p')).to.equal(rising[99]);
  });

  it('takes any iterable, also an empty one', () => {
    expect(coalesce([]).size).to.equal(0);
    expect(coalesce(new Set([recordOf(1, 1, null, 0)])).size).to.equal(1);
  });
});
