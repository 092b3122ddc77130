import { hasLongNumber, hasSmallNumber, sentNumber } from '@product-updates/domain';
import { expect } from 'chai';
import * as fc from 'fast-check';
import { runs } from './arbitraries.ts';

type Verdict = readonly [source: string, price: boolean, stock: boolean];

/** What may be a price, and what a stock. */
const verdicts: readonly Verdict[] = [
  ['0', true, true],
  ['-0', true, true],
  ['-0.0', true, true],
  ['0e5', true, true],
  ['0E-400', true, true],
  ['0.0000000000000000000000', true, true],
  ['0.1', true, false],
  ['99.99', true, false],
  ['1e2', true, true],
  ['1E+2', true, true],
  ['1.5e1', true, true],
  ['1.25e1', true, false],
  ['5.0', true, true],
  ['50.000000000000000000000', true, true],
  ['5.0000000000000000000001', true, false],
  ['4.9999999999999999999999', true, false],
  ['500000000000000000000e-20', true, true],
  ['500000000000000000001e-20', true, false],
  ['0.30000000000000004', true, false],
  ['1e12', true, true],
  ['1000000000000.000', true, true],
  ['10000000000000e-1', true, true],
  ['1000000000000.00001', false, false],
  ['1000000000000.000000000000000000001', false, false],
  ['0.0000000000000000000000010000000000000000000000001e36', false, false],
  ['999999999999.99999999999', true, false],
  ['1000000000000.1', false, false],
  ['1000000000001', false, true],
  ['9007199254740990.6', false, false],
  ['9007199254740991', false, true],
  ['9007199254740991.0', false, true],
  ['9007199254740991.4', false, false],
  ['9007199254740991.00000000000000001', false, false],
  ['9007199254740992', false, false],
  ['2251799813685248.2', false, false],
  ['-1', false, false],
  ['-1e-364', false, false],
  ['-1e-400', false, false],
  ['-0.00000000000000000000001', false, false],
  ['1e-400', false, false],
  ['1e-99999999999999999999', false, false],
  ['4e-325', false, false],
  ['4e-324', false, false],
  ['2.2250738585072009e-308', false, false],
  ['2.2250738585072014e-308', true, false],
  [`0.${'0'.repeat(400)}1`, false, false],
  ['1e400', false, false],
  ['1e99999999999999999999', false, false],
];

/** A decimal as a whole number of 10^-digits, which is exact. */
const DIGITS = 60;
function exactly(source: string): bigint {
  const [mantissa = '', power = '0'] = source.split('e');
  const [whole = '', fraction = ''] = mantissa.split('.');
  const scaled = BigInt(whole + fraction) * 10n ** BigInt(DIGITS + Number(power) - fraction.length);
  return scaled;
}

describe('sentNumber', () => {
  for (const [source, price, stock] of verdicts) {
    it(`of ${source.slice(0, 60)}: ${price ? 'a price' : 'no price'}, ${stock ? 'a stock' : 'no stock'}`, () => {
      const found = [sentNumber('price', source), sentNumber('stock', source)] as const;
      expect(found.map((one) => one === undefined)).to.deep.equal([price, stock]);
      for (const one of found) if (one !== undefined) expect(one.source).to.equal(source);
    });
  }

  it('goes by the digits, however many there are', () => {
    const digits = (max: number): fc.Arbitrary<string> =>
      fc.string({ unit: fc.constantFrom('0', '0', '1', '9'), maxLength: max });
    const whole = fc.oneof(
      fc.constantFrom('0', '1000000000000', '999999999999', '9007199254740991', '9007199254740990', '1'),
      fc.bigInt({ min: 0n, max: 10n ** 17n }).map(String),
    );
    const number = fc
      .tuple(
        whole,
        fc.option(digits(25), { nil: '' }),
        fc.option(fc.integer({ min: -20, max: 20 }), { nil: undefined }),
      )
      .map(([w, f, e]) => `${w}${f === '' ? '' : `.${f}`}${e === undefined ? '' : `e${e}`}`);
    fc.assert(
      fc.property(number, (source) => {
        const value = exactly(source);
        const one = 10n ** BigInt(DIGITS);
        expect(sentNumber('price', source) === undefined).to.equal(value <= 10n ** 12n * one);
        const isStock = value % one === 0n && value / one <= BigInt(Number.MAX_SAFE_INTEGER);
        expect(sentNumber('stock', source) === undefined).to.equal(isStock);
      }),
      runs(3000),
    );
  });
});

const isSuspected = (json: string): boolean => hasLongNumber(Buffer.from(json)) || hasSmallNumber(json);

describe('hasLongNumber and hasSmallNumber', () => {
  const misread = verdicts.filter(([source]) => {
    const value = Number(source);
    const looksRight = [value >= 0 && value <= 1e12, Number.isSafeInteger(value) && value >= 0];
    const isRight = [sentNumber('price', source) === undefined, sentNumber('stock', source) === undefined];
    return (looksRight[0] && !isRight[0] && !(value > 0 && value < 2.3e-308)) || (looksRight[1] && !isRight[1]);
  });

  it('find every misread number, wherever it stands', () => {
    expect(misread).to.have.length.above(10);
    for (const [source] of misread) {
      for (let shift = 0; shift < 40; shift += 1) {
        for (const space of ['', ' ', '\n\t']) {
          expect(isSuspected(`{"x${'y'.repeat(shift)}":${space}${source}}`), source).to.equal(true);
        }
      }
    }
  });

  it('let usual texts through', () => {
    const usual = [
      {
        product_id: '08123456789012345678901234567890',
        price: 0,
        stock: 0,
        occurred_at: '2026-11-22T16:20:00.123456789Z',
      },
      { product_id: '3f2504e-0-4f89-11d3e-400-0305e82c3301', price: 0.1, stock: 9007199254740991 },
      { product_id: '1e-400', price: 123456789012.345, stock: 0 },
      { product_id: '99999999999999999999', price: 1e-7, stock: 1 },
    ];
    for (const update of usual) expect(isSuspected(JSON.stringify(update)), update.product_id).to.equal(false);
    expect(isSuspected('')).to.equal(false);
    expect(isSuspected('9'.repeat(40)), 'no member').to.equal(false);
  });

  it('find what only a double makes right, whatever stands around it', () => {
    const text = fc.string({ unit: fc.constantFrom(...Array.from('0123456789.eE-:, "{[x')), maxLength: 60 });
    fc.assert(
      fc.property(text, fc.constantFrom(...misread), text, (before, [source], after) => {
        expect(isSuspected(`${before}:${source},${after}`)).to.equal(true);
      }),
      runs(2000),
    );
  });
});
