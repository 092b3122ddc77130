import { expect } from 'chai';
import * as fc from 'fast-check';
import { digits, FOUR_DIGITS, fourDigits } from '../src/base36.ts';
import { runs } from './arbitraries.ts';

describe('base 36', () => {
  it('writes four digits as the language would', () => {
    for (const value of [0, 1, 35, 36, 1295, 1296, FOUR_DIGITS - 1]) {
      expect(fourDigits(value)).to.equal(value.toString(36).padStart(4, '0'));
    }
    fc.assert(
      fc.property(fc.nat({ max: FOUR_DIGITS - 1 }), (value) => Number.parseInt(fourDigits(value), 36) === value),
      runs(1000),
    );
  });

  it('pads what it writes', () => {
    expect(digits(36, 6)).to.equal('000010');
    expect(digits(36 ** 6, 6)).to.equal('1000000');
  });
});
