import { expect } from 'chai';
import { median, ratios, slope, spreadOf } from '../src/stats.ts';

describe('median', () => {
  it('is the middle one, or between the two middle ones', () => {
    expect(median([3, 1, 2])).to.equal(2);
    expect(median([4, 1, 3, 2])).to.equal(2.5);
    expect(median([10, 9])).to.equal(9.5);
  });

  it('is no number for no values', () => {
    expect(median([])).to.be.NaN;
  });

  it('leaves its values in their order', () => {
    const values = [3, 1, 2];
    median(values);
    expect(values).to.deep.equal([3, 1, 2]);
  });
});

describe('ratios', () => {
  it('compares within each round', () => {
    // The machine was half as fast in the second round, for both.
    expect(ratios([80, 40, 88], [100, 50, 80])).to.deep.equal({ median: 0.8, min: 0.8, max: 1.1 });
  });
});

describe('spreadOf', () => {
  it('has the ends, too', () => {
    expect(spreadOf([5, 1, 3])).to.deep.equal({ median: 3, min: 1, max: 5 });
  });
});

describe('slope', () => {
  const line = (...ys: number[]): { x: number; y: number }[] => ys.map((y, x) => ({ x, y }));

  it('is that of the line through the points', () => {
    expect(slope(line(1, 3, 5, 7))).to.be.closeTo(2, 1e-12);
    expect(slope(line(4, 4, 4))).to.equal(0);
    expect(slope(line(1, 2, 1, 2, 1))).to.equal(0);
  });

  it('is 0 where there is no line', () => {
    expect(slope([])).to.equal(0);
    expect(slope([{ x: 1, y: 1 }])).to.equal(0);
    expect(
      slope([
        { x: 1, y: 1 },
        { x: 1, y: 9 },
      ]),
    ).to.equal(0);
  });
});
