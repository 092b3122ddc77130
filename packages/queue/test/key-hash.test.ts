import { expect } from 'chai';
import { hashKey } from '../src/key-hash.ts';

describe('hashKey', () => {
  it('is the same in every process and version', () => {
    expect([hashKey(''), hashKey('p1'), hashKey('product-42'), hashKey('ключ 🗝')]).to.deep.equal([
      1947474976, 993205210, 1331540967, 3417814272,
    ]);
  });

  it('spreads the ids that people use evenly over any number of lanes', () => {
    const shapes: ((i: number) => string)[] = [
      (i) => `p${i}`,
      (i) => `product-${String(i).padStart(8, '0')}`,
      (i) => String(1_000_000 + i * 8),
      (i) => `SKU-${i.toString(36).toUpperCase()}-EU`,
    ];
    for (const shape of shapes) {
      for (const lanes of [2, 3, 4, 5, 8, 16, 64]) {
        const counts = Array.from({ length: lanes }, () => 0);
        for (let i = 0; i < 20_000; i++) counts[hashKey(shape(i)) % lanes]!++;
        const mean = 20_000 / lanes;
        // Six standard deviations of a fair throw, about.
        const worst = Math.max(...counts.map((count) => Math.abs(count - mean)));
        expect(worst, `${shape(1)} on ${lanes}`).to.be.below(6 * Math.sqrt(mean));
      }
    }
  });

  it('does not send ids that follow each other round the lanes in turn', () => {
    const lanes = Array.from({ length: 40 }, (_, i) => hashKey(`p${i + 10}`) % 4);
    const steps = new Set(lanes.slice(1).map((lane, i) => (lane - lanes[i]! + 4) % 4));
    expect(steps.size).to.equal(4);
  });
});
