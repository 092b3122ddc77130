import { expect } from 'chai';
import fc from 'fast-check';
import { SortedRuns } from '../src/sorted-runs.ts';

describe('sorted runs', () => {
  it('have all that was added in a few runs, each longer than the next, in whatever parts it came', () => {
    const parts = fc.array(fc.array(fc.string({ maxLength: 3 }), { maxLength: 20 }), { maxLength: 40 });
    fc.assert(
      fc.property(parts, (added) => {
        const runs = new SortedRuns();
        for (const part of added) runs.add([...part]);
        const texts = added.flat();
        expect(runs.size).to.equal(texts.length);
        expect(runs.all().toSorted()).to.deep.equal(texts.toSorted());
        const lengths = lengthsOfRuns(runs.all());
        expect(lengths.length).to.be.at.most(Math.log2(texts.length + 1) + 1);
      }),
    );
  });

  it('leave what they were given as it was', () => {
    const part = ['b', 'a'];
    new SortedRuns().add(part);
    expect(part).to.deep.equal(['b', 'a']);
  });
});

/** Of the longest parts that are in order. */
function lengthsOfRuns(texts: readonly string[]): readonly number[] {
  const lengths: number[] = [];
  for (const [i, text] of texts.entries()) {
    const before = texts[i - 1];
    if (before !== undefined && before <= text) lengths[lengths.length - 1]! += 1;
    else lengths.push(1);
  }
  return lengths;
}
