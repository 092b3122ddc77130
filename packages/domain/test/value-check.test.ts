import { expect } from 'chai';
import { checkOf, NO_CHECK } from '../src/value-check.ts';

describe('checkOf', () => {
  it('is what it was when ids that still wait were made', () => {
    expect([0, 1, 0.1, 99.99, 1e12, Number.MAX_SAFE_INTEGER].map(checkOf)).to.deep.equal([
      'gm87',
      'd44q',
      'm75m',
      'ienv',
      'vpca',
      'em16',
    ]);
  });

  it('is four digits, 0000 for a field that is not set', () => {
    expect(checkOf(null)).to.equal(NO_CHECK);
    for (let i = 0; i < 1000; i += 1) expect(checkOf(i / 100)).to.match(/^[0-9a-z]{4}$/);
  });

  it('tells prices and stocks of everyday apart, as well as chance would', () => {
    // Of n values in 36^4 boxes about n²/(2 × 36^4) meet: for 20,000 about 119.
    for (const valueAt of [
      (i: number) => i,
      (i: number) => i / 100,
      (i: number) => i * 1000,
      (i: number) => 2 ** 52 + i,
    ]) {
      const seen = new Set(Array.from({ length: 20_000 }, (_, i) => checkOf(valueAt(i))));
      expect(20_000 - seen.size).to.be.below(200);
    }
  });
});
