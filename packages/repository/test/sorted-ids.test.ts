import { expect } from 'chai';
import * as fc from 'fast-check';
import { createRandom } from '@product-updates/queue/contract';
import { SortedIds } from '../src/sorted-ids.ts';

const long = process.env['LONG'] !== undefined;

describe('SortedIds', () => {
  it('answers what a sorted array answers', () => {
    const anyId = fc.nat({ max: 30 }).map(String);
    const anyStep = fc.oneof(
      fc.record({ do: fc.constantFrom('add', 'remove'), id: anyId }),
      fc.record({ do: fc.constant('after'), id: anyId, limit: fc.integer({ min: 1, max: 40 }) }),
    );
    const property = fc.property(fc.array(anyStep, { maxLength: 200, size: 'max' }), (steps) => {
      const ids = new SortedIds();
      const model = new Set<string>();
      for (const step of steps) run(step, ids, model);
      expect(ids.after(undefined, 100)).to.deep.equal([...model].toSorted(byUnits));
    });
    fc.assert(property, { numRuns: long ? 5000 : 200 });
  });

  it('keeps its order over many chunks, filled and emptied from the front, the back and at random', () => {
    const sorted = Array.from({ length: 20_000 }, (_, i) => String(i).padStart(6, '0'));
    const random = createRandom(1);
    const orders = [sorted, sorted.toReversed(), random.shuffle(sorted)];
    for (const adding of orders) {
      for (const removing of orders) {
        const ids = new SortedIds();
        for (const id of adding) ids.add(id);
        expect(ids.after(undefined, 30_000)).to.deep.equal(sorted);
        expect(ids.after('009999', 3)).to.deep.equal(['010000', '010001', '010002']);
        for (const id of removing.slice(0, 15_000)) ids.remove(id);
        const left = new Set(removing.slice(15_000));
        expect(ids.after(undefined, 30_000)).to.deep.equal(sorted.filter((id) => left.has(id)));
        for (const id of left) ids.remove(id);
        expect(ids.after(undefined, 1)).to.deep.equal([]);
      }
    }
  }).timeout(20_000);

  it('passes over what is not there', () => {
    const ids = new SortedIds();
    ids.remove('a');
    ids.add('b');
    ids.remove('a');
    ids.remove('c');
    expect(ids.after(undefined, 10)).to.deep.equal(['b']);
    ids.clear();
    expect(ids.after(undefined, 10)).to.deep.equal([]);
  });
});

function run(step: { do: string; id: string; limit?: number }, ids: SortedIds, model: Set<string>): void {
  const { id, limit = 1 } = step;
  if (step.do === 'after') {
    const later = [...model].filter((each) => each > id).toSorted(byUnits);
    expect(ids.after(id, limit)).to.deep.equal(later.slice(0, limit));
  } else if (step.do === 'remove') {
    ids.remove(id);
    model.delete(id);
  } else if (!model.has(id)) {
    ids.add(id);
    model.add(id);
  }
}

function byUnits(a: string, b: string): number {
  return a < b ? -1 : 1;
}
