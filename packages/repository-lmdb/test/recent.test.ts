import { expect } from 'chai';
import { Recent } from '../src/recent.ts';

describe('what is recent', () => {
  it('is the latest value of each key', () => {
    const recent = new Recent<number>(10);
    for (let i = 0; i < 5; i++) recent.set('a', i);
    expect(recent.get('a')).to.equal(4);
    expect(recent.get('b')).to.equal(undefined);
  });

  it('keeps at least its capacity of those set last, and at most twice as many', () => {
    const recent = new Recent<number>(10);
    for (let i = 0; i < 1000; i++) recent.set(`${i}`, i);
    const kept = Array.from({ length: 1000 }, (_, i) => i).filter((i) => recent.get(`${i}`) !== undefined);
    expect(kept).to.include.members([990, 991, 992, 993, 994, 995, 996, 997, 998, 999]);
    expect(kept.length).to.be.at.most(20);
  });

  it('keeps what is read again and again', () => {
    const recent = new Recent<number>(10);
    recent.set('often', 1);
    for (let i = 0; i < 1000; i++) {
      recent.set(`${i}`, i);
      expect(recent.get('often'), `after ${i}`).to.equal(1);
    }
  });

  it('never answers an older value than the last that was set', () => {
    const recent = new Recent<number>(3);
    const last = new Map<string, number>();
    for (let i = 0; i < 1000; i++) {
      const key = `${(i * 7919) % 13}`;
      const read = recent.get(key);
      if (read !== undefined) expect(read).to.equal(last.get(key));
      recent.set(key, i);
      last.set(key, i);
    }
  });
});
