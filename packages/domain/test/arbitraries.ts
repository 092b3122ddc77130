import * as fc from 'fast-check';
import { NEVER, VERSION_EPOCH_MS, type ProductRecord, type Version } from '@product-updates/domain';

/** The time of the tests. */
export const NOW: number = Date.UTC(2026, 10, 22, 16, 20);

const isLong = process.env['LONG'] !== undefined;

/** How often a property is tried: tuned to a quick run, a hundred times as often in a long one. */
export function runs(quick: number): { numRuns: number } {
  return { numRuns: isLong ? quick * 100 : quick };
}

if (isLong) {
  beforeEach('a long run takes its time', function () {
    this.currentTest?.timeout(600_000);
  });
}

/** Strings of any UTF-16 units, halves of surrogate pairs among them, with a liking for what the rules speak of. */
export const anyText: fc.Arbitrary<string> = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.string({ unit: fc.integer({ min: 0, max: 0xffff }).map((unit) => String.fromCharCode(unit)) }),
  fc.string({
    unit: fc.constantFrom(
      'a',
      '~',
      '/',
      '.',
      ' ',
      '"',
      '\\',
      '\n',
      '\u0000',
      '\u007f',
      '\u0085',
      '\u00a0',
      '\ufeff',
      '\u0301',
      'e',
      'é',
      '\u2028',
      '\u202e',
      '😀',
      '\ud83d',
      '__proto__',
    ),
    maxLength: 150,
  }),
);

export const goodId: fc.Arbitrary<string> = fc.oneof(
  fc.constantFrom(
    'p1',
    'p2',
    '__proto__',
    'constructor',
    'a/b',
    'a b',
    '😀',
    'é',
    '{a}',
    "'",
    '"',
    '\\',
    'x\u2028x',
    'x\u200b',
  ),
  fc
    .string({ unit: 'grapheme-ascii', minLength: 1, maxLength: 128 })
    .filter((id) => id.trim() === id && id !== '.' && id !== '..'),
);

export const price: fc.Arbitrary<number> = fc.oneof(
  fc.constantFrom(0, -0, 0.1, 99.99, 19.99, 9999999999.9999, 1e12, 5e-324),
  fc.double({ min: 0, max: 1e12, noNaN: true }),
);
export const stock: fc.Arbitrary<number> = fc.oneof(
  fc.constantFrom(0, -0, 1, 2 ** 31, Number.MAX_SAFE_INTEGER),
  fc.maxSafeNat(),
);

/** Few versions and values, so that they meet. */
function field(): fc.Arbitrary<readonly [number | null, Version]> {
  const set = fc.tuple(
    fc.integer({ min: 0, max: 3 }),
    fc.integer({ min: 1, max: 4 }).map((n) => n as Version),
  );
  return fc.oneof(set, fc.constant([null, NEVER] as const));
}

export function record(id: fc.Arbitrary<string> = fc.constant('p')): fc.Arbitrary<ProductRecord> {
  return fc.tuple(id, field(), field()).map(([product_id, [price, price_version], [stock, stock_version]]) => ({
    product_id,
    price,
    price_version,
    stock,
    stock_version,
  }));
}

/** Versions as wide as they may be. */
export const version: fc.Arbitrary<Version> = fc
  .oneof(
    fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER }),
    fc.integer({ min: 1, max: (NOW - VERSION_EPOCH_MS) * 4096 }),
    fc.integer({ min: 1, max: 2 ** 33 }),
  )
  .map((n) => n as Version);
