import { expect } from 'chai';
import * as fc from 'fast-check';
import { DueHeap } from '../src/due-heap.ts';
import { runs } from './scale.ts';

describe('DueHeap', () => {
  it('gives the earliest first, and of those due together the one put in first', () => {
    const steps = fc.array(fc.option(fc.nat(20), { freq: 3 }), { maxLength: 100, size: 'max' });
    fc.assert(
      fc.property(steps, (steps) => {
        const heap = new DueHeap<number>();
        const model: { dueMs: number; thing: number }[] = [];
        for (const [thing, dueMs] of [...steps, ...steps.map(() => null)].entries()) {
          if (dueMs === null) {
            expect(heap.take()).to.equal(model.shift()?.thing);
          } else {
            heap.put(dueMs, thing);
            model.push({ dueMs, thing });
            model.sort((a, b) => a.dueMs - b.dueMs); // a stable sort keeps who came first
          }
          expect(heap.size).to.equal(model.length);
          expect(heap.nextDueMs).to.equal(model[0]?.dueMs ?? Number.POSITIVE_INFINITY);
          expect(heap.first).to.equal(model[0]?.thing);
        }
      }),
      runs(300, 20_000),
    );
  });

  it('is empty after it was cleared', () => {
    const heap = new DueHeap<string>();
    heap.put(1, 'a');
    heap.clear();
    expect(heap.take()).to.equal(undefined);
    expect(heap.nextDueMs).to.equal(Number.POSITIVE_INFINITY);
  });
});
