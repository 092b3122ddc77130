import { expect } from 'chai';
import * as fc from 'fast-check';
import { Ring } from '../src/ring.ts';
import { runs } from './scale.ts';

type Step =
  | { readonly do: 'push' | 'unshift'; readonly value: number | undefined }
  | { readonly do: 'shift' | 'clear' }
  | { readonly do: 'take'; readonly max: number };

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({ do: fc.constant('push' as const), value: fc.option(fc.nat(), { nil: undefined }) }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('unshift' as const), value: fc.nat() }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('shift' as const) }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('take' as const), max: fc.nat(40) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('clear' as const) }) },
);

function apply(ring: Ring<number | undefined>, model: (number | undefined)[], step: Step): void {
  if (step.do === 'push') {
    ring.push(step.value);
    model.push(step.value);
  } else if (step.do === 'unshift') {
    ring.unshift(step.value);
    model.unshift(step.value);
  } else if (step.do === 'shift') {
    expect(ring.shift()).to.equal(model.shift());
  } else if (step.do === 'take') {
    expect(ring.take(step.max)).to.deep.equal(model.splice(0, step.max));
  } else {
    ring.clear();
    model.length = 0;
  }
  expect(ring.size).to.equal(model.length);
  expect(ring.first).to.equal(model[0]);
}

describe('Ring', () => {
  it('behaves as an array does, whatever is done to it', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 200, size: 'max' }), (steps) => {
        const ring = new Ring<number | undefined>();
        const model: (number | undefined)[] = [];
        for (const step of steps) apply(ring, model, step);
        expect(ring.take(Number.POSITIVE_INFINITY)).to.deep.equal(model);
      }),
      runs(300, 20_000),
    );
  });

  it('keeps the order of a hundred thousand while it grows and turns', () => {
    const ring = new Ring<number>();
    let next = 0;
    let expected = 0;
    while (next < 100_000) {
      for (let i = 0; i < 7; i++) ring.push(next++);
      for (let i = 0; i < 3; i++) expect(ring.shift()).to.equal(expected++);
    }
    while (ring.size > 0) expect(ring.shift()).to.equal(expected++);
    expect(expected).to.equal(next);
  });
});
