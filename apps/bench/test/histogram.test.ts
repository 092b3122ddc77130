import { expect } from 'chai';
import { createHistogram } from '../src/load/histogram.ts';

describe('createHistogram', () => {
  it('answers 0 for nothing recorded', () => {
    expect(createHistogram().percentile(0.99)).to.equal(0);
  });

  it('is exact below 64 µs', () => {
    const histogram = createHistogram();
    for (let value = 1; value <= 60; value += 1) histogram.record(value);
    expect(histogram.percentile(0.5)).to.equal(30);
    expect(histogram.percentile(0.99)).to.equal(60);
    expect(histogram.count).to.equal(60);
  });

  it('is at most 3.2 % too high, and never too low, at every size', () => {
    for (let value = 64; value < 2 ** 31; value = Math.ceil(value * 1.07)) {
      const histogram = createHistogram();
      histogram.record(value);
      expect(histogram.percentile(1)).to.be.within(value, value * 1.032);
    }
  });

  it('finds the one slow answer of a hundred only above p99', () => {
    const histogram = createHistogram();
    for (let index = 0; index < 99; index += 1) histogram.record(50);
    histogram.record(1_000_000);
    expect(histogram.percentile(0.99)).to.equal(50);
    expect(histogram.percentile(0.991)).to.be.at.least(1_000_000);
  });

  it('counts what is out of range at the ends', () => {
    const histogram = createHistogram();
    histogram.record(-1);
    histogram.record(1e15);
    expect(histogram.percentile(0.5)).to.equal(0);
    expect(histogram.percentile(1)).to.equal(2 ** 31 - 1);
  });

  it('forgets all when it is cleared', () => {
    const histogram = createHistogram();
    histogram.record(10);
    histogram.clear();
    expect(histogram.count).to.equal(0);
    expect(histogram.percentile(1)).to.equal(0);
  });
});
