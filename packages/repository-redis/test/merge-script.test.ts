import { randomUUID } from 'node:crypto';
import { expect } from 'chai';
import * as fc from 'fast-check';
import { coalesce, merge, NEVER, type ProductRecord, type Version, VERSIONS_PER_MS } from '@product-updates/domain';
import { systemClock } from '@product-updates/queue';
import type { Store } from '@product-updates/repository';
import { openRedisStore } from '@product-updates/repository-redis';
import { codeFrom } from './observe.ts';
import { describeUnless, liveUrl, missing } from './live.ts';
import { redisCommand, removeKeys } from './redis-commands.ts';

const RUNS = process.env['LONG'] === undefined ? 20 : 200;

/** Near the largest one, around real ones, and small ones: neighbours that 14 digits do not tell apart. */
const anyVersion = fc
  .tuple(
    fc.constantFrom(1, 7 * VERSIONS_PER_MS, 2e14, 999_999_999_999_990, Number.MAX_SAFE_INTEGER - 3),
    fc.integer({ min: 0, max: 3 }),
  )
  .map(([base, more]) => (base + more) as Version);
const anyPrice = fc.oneof(
  fc.constantFrom(0, -0, 0.1, 19.99, 0.3, 0.1 + 0.2, 1e12, 5e-324, 1e-7, 9_999_999_999.9999, 100, 9, 10),
  fc.double({ min: 0, max: 1e12, noNaN: true }),
);
const anyStock = fc.oneof(
  fc.constantFrom(0, 1, 9, 10, 2 ** 31, 2 ** 53 - 2, 2 ** 53 - 1),
  fc.nat({ max: Number.MAX_SAFE_INTEGER }),
);
const anyField = <T>(value: fc.Arbitrary<T>): fc.Arbitrary<readonly [T, Version] | undefined> =>
  fc.option(fc.tuple(value, anyVersion), { nil: undefined });
const anyRecord: fc.Arbitrary<ProductRecord> = fc
  .tuple(anyField(anyPrice), anyField(anyStock))
  .filter(([price, stock]) => price !== undefined || stock !== undefined)
  .map(([price, stock]) => ({
    product_id: '',
    price: price?.[0] ?? null,
    price_version: price?.[1] ?? NEVER,
    stock: stock?.[0] ?? null,
    stock_version: stock?.[1] ?? NEVER,
  }));

describeUnless(missing, 'the merge script', function merging() {
  let store: Store;
  const prefix = `test:${randomUUID()}:`;
  before(async () => {
    const url = liveUrl();
    url.searchParams.set('prefix', prefix);
    ({ store } = await openRedisStore(url, { deadLetterMax: 10, clock: systemClock }));
  });
  after(async () => {
    await store[Symbol.asyncDispose]();
    await removeKeys(liveUrl(), prefix);
  });

  it('does what merge does, to the last digit, and answers what changed', async () => {
    let run = 0;
    await fc.assert(
      fc.asyncProperty(fc.array(fc.tuple(anyRecord, anyRecord), { minLength: 100, maxLength: 300 }), async (pairs) => {
        const named = pairs.map(([a, b], i) => {
          const product_id = `${run}-${i}`;
          return [
            { ...a, product_id },
            { ...b, product_id },
          ] as const;
        });
        run += 1;
        await store.products.apply(named.map(([a]) => a));
        const changed = new Map((await store.products.apply(named.map(([, b]) => b))).map((r) => [r.product_id, r]));
        const stored = await store.products.getMany(named.map(([a]) => a.product_id));
        for (const [i, [a, b]] of named.entries()) {
          const merged = merge(a, b);
          expect(stored[i]).to.deep.equal(withoutMinusZero(merged));
          expect(changed.get(a.product_id)).to.deep.equal(merged === a ? undefined : withoutMinusZero(merged));
        }
        const all = [...coalesce(named.flat()).values()].flatMap((r) => [r.price_version, r.stock_version]);
        expect(await store.highestVersion()).to.be.at.least(Math.max(...all));
      }),
      { numRuns: RUNS },
    );
  }).timeout(60_000);

  it('keeps a hash that a person can read, and only the fields that were set', async () => {
    const price_version = 1_234_567_890_123_456 as Version;
    await store.products.apply([{ product_id: 'a b', price: 19.99, price_version, stock: null, stock_version: NEVER }]);
    expect(await redisCommand(liveUrl(), 'HGETALL', `${prefix}product:a b`)).to.deep.equal(
      'price 19.99 price_version 1234567890123456'.split(' '),
    );
    expect(await redisCommand(liveUrl(), 'GET', `${prefix}format`)).to.equal('1');
  });

  for (const [what, damage] of [
    ['a key of another type', ['SET', 'something else']],
    ['a price that is no number', ['HSET', 'price', 'cheap', 'price_version', '5']],
    ['a version that is no number', ['HSET', 'price', '5', 'price_version', 'v5']],
    ['a stock that is missing beside its version', ['HSET', 'stock_version', '5']],
  ] as const) {
    it(`${what}: invalid for that product, which reads as misconfigured; others are applied`, async () => {
      const [command, ...values] = damage;
      const id = `damaged by ${what}`;
      await redisCommand(liveUrl(), command, `${prefix}product:${id}`, ...values);
      const version = 9 as Version;
      const update = { product_id: id, price: 1, price_version: version, stock: 1, stock_version: version };
      expect(await codeFrom(store.products.apply([update]))).to.equal('invalid');
      expect(await codeFrom(store.products.apply([update, { ...update, product_id: `beside ${id}` }]))).to.equal(
        'invalid',
      );
      expect(await codeFrom(store.products.get(id))).to.equal('misconfigured');
      const beside = { ...update, product_id: `beside ${id}`, stock: 2 };
      expect(await store.products.apply([beside])).to.deep.equal([beside]);
    });
  }

  it('a dead letter that somebody else wrote is misconfigured', async () => {
    await redisCommand(liveUrl(), 'HSET', `${prefix}{dead-letters}:letters`, 'theirs', 'not JSON');
    expect(await codeFrom(store.deadLetters.get('theirs'))).to.equal('misconfigured');
    await redisCommand(liveUrl(), 'HDEL', `${prefix}{dead-letters}:letters`, 'theirs');
  });
});

function withoutMinusZero(record: ProductRecord): ProductRecord {
  return { ...record, price: record.price === 0 ? 0 : record.price };
}
