import { faultCountOf, faultsOf, isProductUpdate, MAX_FAULTS, SentNumber, type Fault } from '@product-updates/domain';
import { expect } from 'chai';
import * as fc from 'fast-check';
import { isPrintable } from '../src/excerpt.ts';
import { anyText, goodId, NOW, price, runs, stock } from './arbitraries.ts';

/** `json` as a client sends it: what JSON makes of 1e400 and `__proto__` is part of the rules. */
function check(json: string): readonly Fault[] {
  const value: unknown = JSON.parse(json);
  const faults = faultsOf(value, NOW);
  expect(isProductUpdate(value, NOW)).to.equal(faults.length === 0);
  expect(faultCountOf(value, NOW)).to.equal(faults.length);
  return faults;
}

const good: Readonly<Record<string, string>> = {
  'a price and a stock': '{"product_id":"p1","price":99.99,"stock":50}',
  'only a price': '{"product_id":"p1","price":0}',
  'only a stock': '{"product_id":"p1","stock":0}',
  'the largest values': '{"product_id":"p1","price":1e12,"stock":9007199254740991}',
  'the smallest price that a double holds to 15 digits': '{"product_id":"p1","price":2.2250738585072014e-308}',
  'a negative zero': '{"product_id":"p1","price":-0,"stock":-0.0}',
  'a whole number written with a point': '{"product_id":"p1","stock":5.0}',
  'a whole number written with an exponent': '{"product_id":"p1","stock":5e2}',
  'a date': '{"product_id":"p1","price":1,"occurred_at":"2026-11-22T18:20:00.123456+02:00"}',
  '__proto__ as an id': '{"product_id":"__proto__","price":1}',
  'a slash in the id': '{"product_id":"a/b","price":1}',
  'an escaped id': String.raw`{"product_id":"\u0070\ud83d\ude00","price":1}`,
};

const fields = 'the fields are product_id, price, stock and occurred_at';
const bad: Readonly<
  Record<string, readonly [json: string, ...faults: (readonly [pointer: string, detail: string | RegExp])[]]>
> = {
  null: ['null', ['', /^an update must be an object like \{"product_id":"p1","price":99\.99\}, not null$/]],
  'an array': ['[]', ['', /not an array$/]],
  'a string': ['"p1"', ['', /not a string$/]],
  'a number': ['1', ['', /not a number$/]],
  'a boolean': ['true', ['', /not a boolean$/]],
  'an empty object': [
    '{}',
    ['/product_id', 'product_id is missing'],
    ['', 'an update must have a price, a stock, or both'],
  ],
  'neither price nor stock': ['{"product_id":"p1"}', ['', 'an update must have a price, a stock, or both']],
  'no id': ['{"price":1}', ['/product_id', 'product_id is missing']],
  'an id of null': ['{"product_id":null,"price":1}', ['/product_id', 'product_id must be a string, not null']],
  'a number as an id': ['{"product_id":7,"price":1}', ['/product_id', 'product_id must be a string, not a number']],
  'an object as an id': ['{"product_id":{},"price":1}', ['/product_id', 'product_id must be a string, not an object']],
  'an empty id': ['{"product_id":"","price":1}', ['/product_id', 'product_id must not be empty']],
  'a dot as an id': ['{"product_id":".","price":1}', ['/product_id', /^product_id must not be "\."/]],
  'a line feed behind the id': [
    String.raw`{"product_id":"p1\n","price":1}`,
    ['/product_id', /white space at its ends/],
  ],
  'a price of null': [
    '{"product_id":"p1","price":null}',
    ['/price', 'price must not be null: leave the field out and its value stays as it is'],
  ],
  'a price as a string': [
    '{"product_id":"p1","price":"99.99"}',
    ['/price', 'price must be a number from 0 to 1000000000000, not a string: send it without quotes'],
  ],
  'a negative price': [
    '{"product_id":"p1","price":-0.01}',
    ['/price', 'price must be a number from 0 to 1000000000000, not -0.01'],
  ],
  'a price too high': ['{"product_id":"p1","price":1000000000000.01}', ['/price', /not 1000000000000\.01$/]],
  'a price beyond all numbers': ['{"product_id":"p1","price":1e400}', ['/price', /not Infinity$/]],
  'an array as a price': ['{"product_id":"p1","price":[1]}', ['/price', /not an array$/]],
  'a boolean as a price': ['{"product_id":"p1","price":true}', ['/price', /not a boolean$/]],
  'a stock of null': ['{"product_id":"p1","stock":null}', ['/stock', /^stock must not be null/]],
  'half a stock': [
    '{"product_id":"p1","stock":0.5}',
    ['/stock', 'stock must be a whole number from 0 to 9007199254740991, not 0.5'],
  ],
  'a negative stock': ['{"product_id":"p1","stock":-1}', ['/stock', /not -1$/]],
  'a stock beyond 2^53−1': ['{"product_id":"p1","stock":9007199254740992}', ['/stock', /not 9007199254740992$/]],
  'a date of null': [
    '{"product_id":"p1","price":1,"occurred_at":null}',
    ['/occurred_at', /^occurred_at must not be null/],
  ],
  'a number as a date': [
    '{"product_id":"p1","price":1,"occurred_at":1795364400000}',
    ['/occurred_at', 'occurred_at must be an RFC 3339 date-time in a string, not a number'],
  ],
  'a date without an offset': [
    '{"product_id":"p1","price":1,"occurred_at":"2026-11-22T16:20:00"}',
    ['/occurred_at', /^occurred_at has no offset: add Z/],
  ],
  'a date before 2020': [
    '{"product_id":"p1","price":1,"occurred_at":"2019-12-31T23:59:59Z"}',
    ['/occurred_at', 'occurred_at must be later than 2020-01-01T00:00:00Z'],
  ],
  'a date too far ahead': [
    '{"product_id":"p1","price":1,"occurred_at":"2026-11-22T16:25:01Z"}',
    ['/occurred_at', /^occurred_at is more than 5 minutes ahead of the server/],
  ],
  'a typo': ['{"product_id":"p1","stock":1,"prise":1}', ['/prise', `unknown field "prise": ${fields}`]],
  'a field in another case': [
    '{"product_id":"p1","stock":1,"Price":1}',
    ['/Price', `unknown field "Price": ${fields}`],
  ],
  'an unknown field of null': ['{"product_id":"p1","stock":1,"x":null}', ['/x', `unknown field "x": ${fields}`]],
  '__proto__ as a field': [
    '{"product_id":"p1","stock":1,"__proto__":{"price":1}}',
    ['/__proto__', `unknown field "__proto__": ${fields}`],
  ],
  'constructor as a field': ['{"product_id":"p1","stock":1,"constructor":1}', ['/constructor', /^unknown field/]],
  'an empty name': ['{"product_id":"p1","stock":1,"":1}', ['/', `unknown field "": ${fields}`]],
  'a name that the pointer escapes': [
    '{"product_id":"p1","stock":1,"a/b~c~1":1}',
    ['/a~1b~0c~01', `unknown field "a/b~c~1": ${fields}`],
  ],
  'a name with control characters': [
    String.raw`{"product_id":"p1","stock":1,"a\u001b[31m":1}`,
    ['', String.raw`unknown field "a\u001b[31m": ${fields}`],
  ],
  'a long name': [
    `{"product_id":"p1","stock":1,"${'x'.repeat(65)}":1}`,
    ['', `unknown field "${'x'.repeat(40)}…": ${fields}`],
  ],
  'a price that a double does not hold to 15 digits': [
    '{"product_id":"p1","price":5e-324}',
    ['/price', 'price is too close to 0 to be kept: send 0, not 5e-324'],
  ],
  'several causes': [
    '{"product_id":" p1 ","price":"1","stock":-1,"occurred_at":"now","x":1}',
    ['/product_id', /white space/],
    ['/price', /not a string/],
    ['/stock', /not -1/],
    ['/occurred_at', /RFC 3339/],
    ['/x', /unknown/],
  ],
};

describe('isProductUpdate and faultsOf', () => {
  for (const [what, json] of Object.entries(good)) {
    it(`accept ${what}`, () => {
      expect(check(json)).to.deep.equal([]);
    });
  }

  for (const [what, [json, ...expected]] of Object.entries(bad)) {
    it(`refuse ${what}`, () => {
      const faults = check(json);
      expect(faults.map((fault) => fault.pointer)).to.deep.equal(expected.map(([pointer]) => pointer));
      for (const [i, [, detail]] of expected.entries()) {
        if (typeof detail === 'string') expect(faults[i]?.detail).to.equal(detail);
        else expect(faults[i]?.detail).to.match(detail);
      }
    });
  }

  it('read an absent field and one that is undefined alike', () => {
    const value = { product_id: 'p', price: 1, stock: undefined, occurred_at: undefined };
    expect(isProductUpdate(value, NOW)).to.equal(true);
    expect(faultsOf(value, NOW)).to.deep.equal([]);
    expect(faultsOf(undefined, NOW)[0]?.detail).to.match(/not undefined$/);
  });

  it('tell at most 20 faults of an item, and how many fields more are unknown', () => {
    const names = (count: number): string => Array.from({ length: count }, (_, i) => `,"x${i}":1`).join('');
    const ofGood = check(`{"product_id":"p1","price":1${names(20)}}`);
    expect(ofGood).to.have.length(MAX_FAULTS);
    expect(ofGood.at(-1)?.pointer).to.equal('/x19');
    const more = check(`{"product_id":"p1","price":1${names(21)}}`);
    expect(more).to.have.length(MAX_FAULTS);
    expect(more.slice(-2)).to.deep.equal([
      { detail: `unknown field "x18": ${fields}`, pointer: '/x18' },
      { detail: '2 more unknown fields', pointer: '' },
    ]);
    const hostile = check(`{"price":"1"${names(100_000)}}`);
    expect(hostile).to.have.length(MAX_FAULTS);
    expect(hostile.at(-1)?.detail).to.equal('99983 more unknown fields');
  });

  it('tell of fields that the value has no more', () => {
    const value = { product_id: 'p1', price: 1, x: 1 };
    expect(faultsOf(value, NOW, 30).at(-1)?.detail).to.equal('30 more unknown fields');
    expect(faultsOf(value, NOW, 30)).to.have.length(2);
    expect([2, 30].map((hidden) => faultCountOf(value, NOW, hidden))).to.deep.equal([3, MAX_FAULTS]);
  });

  it('quote a number as it was sent', () => {
    const detailOf = (field: 'price' | 'stock', source: string): string | undefined =>
      faultsOf({ product_id: 'p', [field]: new SentNumber(source) }, NOW)[0]?.detail;
    expect(isProductUpdate({ product_id: 'p', price: new SentNumber('1e400') }, NOW)).to.equal(false);
    expect(detailOf('price', '1e400')).to.equal('price must be a number from 0 to 1000000000000, not 1e400');
    expect(detailOf('price', '-1e-400')).to.match(/, not -1e-400$/);
    expect(detailOf('price', '1000000000000.00001')).to.match(/, not 1000000000000\.00001$/);
    expect(detailOf('price', '1e-400')).to.equal('price is too close to 0 to be kept: send 0, not 1e-400');
    expect(detailOf('price', `1${'0'.repeat(1e6)}`)).to.match(/, not 10{39}…$/);
    expect(detailOf('stock', '1e-400')).to.equal('stock must be a whole number from 0 to 9007199254740991, not 1e-400');
    expect(detailOf('stock', '9007199254740990.6')).to.match(/, not 9007199254740990\.6$/);
  });

  it('answer little for much', () => {
    const huge = 'x\u0000'.repeat(1_000_000);
    const hostile = { product_id: huge, price: huge, stock: [huge], occurred_at: huge, [huge]: huge };
    expect(isProductUpdate(hostile, NOW)).to.equal(false);
    expect(JSON.stringify(faultsOf(hostile, NOW)).length).to.be.below(1500);
  });

  const orAnything = <T>(...right: fc.Arbitrary<T>[]): fc.Arbitrary<unknown> =>
    fc.oneof(
      { weight: 3, arbitrary: fc.oneof(...right) },
      { weight: 1, arbitrary: fc.oneof(fc.jsonValue(), anyText, fc.double()) },
    );
  const date = fc
    .date({ min: new Date(Date.UTC(2019, 11, 31)), max: new Date(NOW + 600_000), noInvalidDate: true })
    .map((at) => at.toISOString());
  const nearly = fc
    .tuple(
      fc.record(
        {
          product_id: orAnything(goodId),
          price: orAnything(price),
          stock: orAnything(stock),
          occurred_at: orAnything(date),
        },
        { requiredKeys: [] },
      ),
      fc.oneof(
        { weight: 4, arbitrary: fc.constant({}) },
        { weight: 1, arbitrary: fc.dictionary(anyText, fc.constant(1)) },
      ),
    )
    .map(([known, unknown]): unknown => ({ ...known, ...unknown }));

  it('agree on everything that JSON can say, and never throw', () => {
    let accepted = 0;
    fc.assert(
      fc.property(fc.oneof(nearly, fc.jsonValue(), anyText), (sent) => {
        const value = JSON.parse(JSON.stringify(sent)) as unknown;
        const faults = faultsOf(value, NOW);
        expect(faults.length === 0).to.equal(isProductUpdate(value, NOW));
        expect(faults.length).to.be.at.most(MAX_FAULTS);
        expect(faultCountOf(value, NOW)).to.equal(faults.length);
        for (const { detail, pointer } of faults) {
          expect(detail.length).to.be.within(10, 400);
          expect(isPrintable(detail) && isPrintable(pointer)).to.equal(true);
          expect(pointer).to.match(/^(\/([^~/]|~0|~1)*)?$/);
        }
        if (faults.length === 0) accepted += 1;
      }),
      runs(3000),
    );
    // The property is about both answers.
    expect(accepted).to.be.above(100);
  });

  it('agree on values that JSON cannot say', () => {
    fc.assert(
      fc.property(
        fc.anything({
          withBigInt: true,
          withDate: true,
          withMap: true,
          withNullPrototype: true,
          withSparseArray: true,
          withTypedArray: true,
        }),
        (value) => {
          expect(faultsOf(value, NOW).length === 0).to.equal(isProductUpdate(value, NOW));
        },
      ),
      runs(1000),
    );
  });

  it('point at what is there', () => {
    fc.assert(
      fc.property(fc.dictionary(anyText, fc.constant(1), { maxKeys: 5 }), (value) => {
        for (const { pointer } of faultsOf(value, NOW)) {
          const name = pointer.slice(1).replaceAll('~1', '/').replaceAll('~0', '~');
          if (pointer !== '' && pointer !== '/product_id') expect(Object.hasOwn(value, name)).to.equal(true);
        }
      }),
      runs(500),
    );
  });
});
