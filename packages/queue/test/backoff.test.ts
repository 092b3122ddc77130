import { expect } from 'chai';
import * as fc from 'fast-check';
import { backoffMs } from '@product-updates/queue';
import { runs } from './scale.ts';

const almostOne = 1 - Number.EPSILON / 2;

describe('backoffMs', () => {
  it('doubles with every failure up to its cap', () => {
    const longest = [1, 2, 3, 4, 5, 6].map((attempt) =>
      backoffMs({ attempt, baseMs: 100, maxMs: 1000, random: () => almostOne }),
    );
    expect(longest).to.deep.equal([100, 200, 400, 800, 1000, 1000]);
  });

  it('is a whole number from 0 to the span, for any attempt', () => {
    const input = fc.record({
      attempt: fc.oneof(fc.integer({ min: 1, max: 40 }), fc.integer({ min: 1, max: 2 ** 31 })),
      baseMs: fc.nat(10_000),
      maxMs: fc.nat(1_000_000),
      draw: fc.double({ min: 0, max: almostOne, noNaN: true }),
    });
    fc.assert(
      fc.property(input, ({ draw, ...options }) => {
        const delayMs = backoffMs({ ...options, random: () => draw });
        expect(Number.isSafeInteger(delayMs)).to.equal(true);
        expect(delayMs).to.be.within(0, Math.min(options.maxMs, options.baseMs * 2 ** (options.attempt - 1) || 0));
      }),
      runs(1000, 100_000),
    );
  });

  it('spreads over the whole span', () => {
    const options = { attempt: 3, baseMs: 100, maxMs: 1000 };
    expect([0, 0.25, 0.5, 0.75].map((draw) => backoffMs({ ...options, random: () => draw }))).to.deep.equal([
      0, 100, 200, 300,
    ]);
    const drawn = Array.from({ length: 1000 }, () => backoffMs(options));
    expect(new Set(drawn).size).to.be.above(100);
  });
});
