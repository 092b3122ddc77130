import { VERSIONS_PER_MS } from '@product-updates/domain';
import { expect } from 'chai';
import * as fc from 'fast-check';
import { ageDigits } from '../src/age-digits.ts';
import { runs } from './arbitraries.ts';

const AHEAD_MS = 300_000;
const YEAR_MS = 365 * 86_400_000;
const LONGEST_MS = 69 * YEAR_MS;

const age = fc.oneof(
  fc.integer({ min: -2 * AHEAD_MS, max: 2 * AHEAD_MS }),
  fc.integer({ min: -AHEAD_MS, max: LONGEST_MS }),
  fc.double({ min: 0, max: Math.log(LONGEST_MS), noNaN: true }).map((log) => Math.round(Math.exp(log))),
);

describe('ageDigits', () => {
  it('are pinned, since versions with them are stored', () => {
    const pinned = [
      [-AHEAD_MS, 1],
      [-1000, 571],
      [-1, 900],
      [0, 901],
      [1, 902],
      [1000, 1901],
      [60_000, 2310],
      [3_600_000, 2719],
      [86_400_000, 3037],
      [YEAR_MS, 3627],
      [7 * YEAR_MS, 3822],
      [LONGEST_MS, 4051],
    ];
    expect(pinned.map(([ms = 0]) => [ms, ageDigits(ms)])).to.deep.equal(pinned);
  });

  it('never fall as the age grows, and stay within the millisecond', () => {
    fc.assert(
      fc.property(age, age, (a, b) => {
        expect(ageDigits(Math.max(a, b))).to.be.at.least(ageDigits(Math.min(a, b)));
        expect(ageDigits(a))
          .to.be.within(0, VERSIONS_PER_MS - 1)
          .and.satisfy(Number.isInteger);
      }),
      runs(3000),
    );
    expect(ageDigits(Number.NEGATIVE_INFINITY)).to.equal(0);
    expect(ageDigits(Number.POSITIVE_INFINITY)).to.equal(VERSIONS_PER_MS - 1);
  });

  it('tell every millisecond apart near the change, and 1.01 % of the age beyond', () => {
    for (let ms = -100; ms < 1000; ms += 1) expect(ageDigits(ms + 1)).to.equal(ageDigits(ms) + 1);
    fc.assert(
      fc.property(age, (ms) => {
        const later = ms + Math.max(1, Math.ceil(Math.abs(ms) * 0.0101));
        if (ms >= -AHEAD_MS) expect(ageDigits(later)).to.be.above(ageDigits(ms));
      }),
      runs(3000),
    );
  });
});
