import { expect } from 'chai';
import { createRateWindow } from '../src/rate-window.ts';

const START_MS = 1_700_000_000_000;

describe('rate window', () => {
  it('averages over the last ten seconds and forgets what is older', () => {
    const rate = createRateWindow(START_MS - 60_000);
    for (let second = 0; second < 30; second += 1) rate.add(100, START_MS + second * 1000);
    expect(rate.perSecond(START_MS + 29_999)).to.be.closeTo(100, 0.1);
    expect(rate.perSecond(START_MS + 34_999)).to.be.closeTo(50, 0.1);
    expect(rate.perSecond(START_MS + 45_000)).to.equal(0);
  });

  it('is averaged over its age while it is young, at least over one second', () => {
    const rate = createRateWindow(START_MS);
    rate.add(300, START_MS + 100);
    expect(rate.perSecond(START_MS + 200)).to.equal(300);
    expect(rate.perSecond(START_MS + 3000)).to.be.closeTo(100, 0.1);
  });

  it('answers a finite number when the clock steps back', () => {
    const rate = createRateWindow(START_MS);
    rate.add(10, START_MS);
    rate.add(10, START_MS - 3_600_000);
    expect(rate.perSecond(START_MS - 3_600_000)).to.equal(10);
    expect(rate.perSecond(START_MS - 3_599_000)).to.be.within(0, 10);
  });
});
