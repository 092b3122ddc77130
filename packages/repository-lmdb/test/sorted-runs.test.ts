import { expect } from 'chai';
import fc from 'fast-check';
import { SortedRuns } from '../src/sorted-runs.ts';

describe('sorted runs', () => {
  it('have all that was added, in order, in whatever parts it came', () => {
    const parts = fc.array(fc.array(fc.string({ maxLength: 3 }), { maxLength: 20 }), { maxLength: 20 });
    fc.assert(
      fc.property(parts, (added) => {
        const runs = new SortedRuns();
        for (const part of added) runs.add([...part]);
        expect(runs.all()).to.deep.equal(added.flat().toSorted());
      }),
    );
  });

  it('leave what they were given as it was', () => {
    const part = ['b', 'a'];
    new SortedRuns().add(part);
    expect(part).to.deep.equal(['b', 'a']);
  });
});
