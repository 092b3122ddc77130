import { expect } from 'chai';
import * as fc from 'fast-check';
import { coalesce, merge, NEVER, type ProductRecord } from '@product-updates/domain';
import type { Update } from '../src/incoming.ts';
import { coalesced } from '../src/group.ts';
import { outcomesOf } from '../src/outcome.ts';
import { event, messageOf, priced } from './support/events.ts';

function update(...args: Parameters<typeof event>): Update {
  return { ...messageOf(event(...args)), attempt: 1, receipt: undefined };
}

/** The two lists, by outcome, as indexes into `updates`. */
function told(updates: readonly Update[], changed: readonly ProductRecord[]): Record<string, number[]> {
  const ended = outcomesOf(updates, changed);
  return Object.fromEntries(
    ended.map(({ outcome, deliveries }) => [outcome, deliveries.map((one) => updates.indexOf(one as Update))]),
  );
}

describe('outcomesOf', () => {
  it('calls all superseded when nothing changed', () => {
    expect(told([update('a', 1), update('b', 1)], [])).to.deep.equal({ superseded: [0, 1] });
  });

  it('calls all applied when each is what its product now has, in any order', () => {
    expect(told([update('a', 1), update('b', 2)], [priced('a', 1), priced('b', 2)])).to.deep.equal({ applied: [0, 1] });
    expect(told([update('a', 1), update('b', 2)], [priced('b', 2), priced('a', 1)])).to.deep.equal({ applied: [0, 1] });
  });

  it('looks at the value, not only at the version', () => {
    const updates = [update('a', 1, { price: 5 }), update('a', 1, { price: 7 })];
    expect(told(updates, [priced('a', 1, 7)])).to.deep.equal({ superseded: [0], applied: [1] });
  });

  it('calls applied what gave one of its two fields', () => {
    const updates = [update('a', 1, { price: 1, stock: 1 }), update('a', 2, { price: 2 })];
    expect(told(updates, [...coalesce(updates.map(({ body }) => body)).values()])).to.deep.equal({ applied: [0, 1] });
  });

  it('does not take a field that neither sets for an agreement', () => {
    const stored: ProductRecord = { ...priced('a', 9), stock: null, stock_version: NEVER };
    expect(told([update('a', 1)], [stored])).to.deep.equal({ superseded: [0] });
    expect(told([update('a', 1), update('b', 1)], [stored])).to.deep.equal({ superseded: [0, 1] });
  });

  it('calls superseded what an earlier record of the store kept out', () => {
    const there = priced('a', 5);
    const updates = [update('a', 1), update('a', 4, { stock: 3 })];
    const changed = [merge(there, (updates[1] as Update).body)];
    expect(told(updates, changed)).to.deep.equal({ superseded: [0], applied: [1] });
  });
});

describe('coalesced', () => {
  it('is what coalesce of domain makes, and says where each update went', () => {
    const anyUpdate = fc
      .tuple(
        fc.constantFrom('a', 'b', 'c'),
        fc.integer({ min: 1, max: 5 }),
        fc.constantFrom({}, { stock: 3 }, { price: 7 }),
      )
      .map(([id, at, fields]) => update(id, at, fields));
    fc.assert(
      fc.property(fc.array(anyUpdate, { maxLength: 12 }), (updates) => {
        const { records, places } = coalesced(updates);
        expect(records).to.deep.equal([...coalesce(updates.map(({ body }) => body)).values()]);
        expect(places.map((place) => records[place]?.product_id)).to.deep.equal(updates.map(({ key }) => key));
        // The answer of a store may have its records in any order, and leave some out.
        const changed = records.filter((_, i) => i % 2 === 0).toReversed();
        expect(told(updates, changed)).to.deep.equal(told(updates, changed.toReversed()));
      }),
    );
  });
});
