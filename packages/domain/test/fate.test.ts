import {
  fateOf,
  merge,
  NEVER,
  parseEventId,
  type EventId,
  type Fate,
  type ProductRecord,
  type Version,
} from '@product-updates/domain';
import { expect } from 'chai';
import * as fc from 'fast-check';
import { createEventIds } from '../src/event-id.ts';
import { runs } from './arbitraries.ts';

const nextId = createEventIds(() => 0);

function idOf(version: number, price: number | null, stock: number | null): EventId {
  return parseEventId(nextId(version as Version, price, stock)) as EventId;
}

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

const cases: readonly (readonly [
  what: string,
  id: EventId,
  record: ProductRecord | undefined,
  deadLettered: boolean,
  fate: Fate,
])[] = [
  ['an unknown product', idOf(5, 1, 2), undefined, false, 'pending'],
  ['an unknown product and a letter', idOf(5, 1, 2), undefined, true, 'dead_lettered'],
  ['older fields', idOf(5, 1, 2), recordOf(9, 4, 9, 4), false, 'pending'],
  ['older fields and a letter', idOf(5, 1, 2), recordOf(9, 4, 9, 4), true, 'dead_lettered'],
  ['both of its fields', idOf(5, 1, 2), recordOf(1, 5, 2, 5), false, 'applied'],
  ['one of its fields, the other newer', idOf(5, 1, 2), recordOf(9, 6, 2, 5), false, 'applied'],
  ['one of its fields, and a letter that a replay left', idOf(5, 1, 2), recordOf(1, 5, 9, 6), true, 'applied'],
  ['its only field', idOf(5, 1, null), recordOf(1, 5, null, NEVER), false, 'applied'],
  ['a value of 0', idOf(5, 0, null), recordOf(0, 5, null, NEVER), false, 'applied'],
  ['newer fields', idOf(5, 1, 2), recordOf(1, 6, 2, 7), false, 'superseded'],
  ['newer fields and a letter', idOf(5, 1, 2), recordOf(1, 6, 2, 7), true, 'dead_lettered'],
  ['one newer field, the other older', idOf(5, 1, 2), recordOf(9, 6, 9, 4), false, 'pending'],
  ['its only field newer', idOf(5, null, 2), recordOf(null, NEVER, 9, 6), false, 'superseded'],
  ['only the other field, newer', idOf(5, null, 2), recordOf(9, 6, null, NEVER), false, 'pending'],
  ['the same version with another value', idOf(5, 1, null), recordOf(2, 5, null, NEVER), false, 'superseded'],
  [
    'the same version with another value, and the other field older',
    idOf(5, 1, 2),
    recordOf(2, 5, 9, 4),
    false,
    'pending',
  ],
  ['its version in a field that it does not set', idOf(5, 1, null), recordOf(9, 4, 1, 5), false, 'pending'],
];

describe('fateOf', () => {
  for (const [what, id, record, deadLettered, fate] of cases) {
    it(`is ${fate} with ${what}`, () => {
      expect(fateOf(id, record, deadLettered)).to.equal(fate);
    });
  }

  it('is applied for what won, superseded for the rest, once all of any updates are merged', () => {
    const value = fc.option(fc.integer({ min: 0, max: 4 }));
    const update = fc
      .tuple(fc.integer({ min: 1, max: 4 }), value, value)
      .filter(([, price, stock]) => price !== null || stock !== null);
    fc.assert(
      fc.property(fc.array(update, { minLength: 1, maxLength: 8 }), (updates) => {
        const records = updates.map(([version, price, stock]) =>
          recordOf(price, price === null ? 0 : version, stock, stock === null ? 0 : version),
        );
        const end = records.reduce(merge);
        updates.forEach(([version, price, stock], i) => {
          const { price_version, stock_version } = records[i] as ProductRecord;
          const won =
            (price !== null && price === end.price && price_version === end.price_version) ||
            (stock !== null && stock === end.stock && stock_version === end.stock_version);
          expect(fateOf(idOf(version, price, stock), end, false)).to.equal(won ? 'applied' : 'superseded');
        });
      }),
      runs(1000),
    );
  });
});
