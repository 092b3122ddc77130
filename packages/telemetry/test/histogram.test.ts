import { expect } from 'chai';
import { createHistogram } from '../src/histogram.ts';

describe('histogram', () => {
  it('counts at or below each bound, and all in the last bucket', () => {
    const histogram = createHistogram([1, 2, 5]);
    for (const value of [0.5, 1, 1.5, 5, 6]) histogram.observe(value);
    expect(histogram.snapshot()).to.deep.equal({ bounds: [1, 2, 5], cumulative: [2, 3, 4, 5], sum: 14 });
  });

  it('takes what lies before the start of time as 0', () => {
    const histogram = createHistogram([1]);
    histogram.observe(-3600);
    histogram.observe(Number.NaN);
    expect(histogram.snapshot()).to.deep.equal({ bounds: [1], cumulative: [2, 2], sum: 0 });
  });

  it('gives snapshots that later observations do not change', () => {
    const histogram = createHistogram([1]);
    const before = histogram.snapshot();
    histogram.observe(1);
    expect(before.cumulative).to.deep.equal([0, 0]);
  });
});
