import { expect } from 'chai';
import * as fc from 'fast-check';
import { coalesce } from '@product-updates/domain';
import { createModelStore } from '@product-updates/repository/contract';
import { both, letter, ordersOf, price, splitsOf, stock, v } from '../contract/samples.ts';

describe('createModelStore', () => {
  it('agrees with the merge of the domain, which it shares no code with', () => {
    const anyUpdate = fc
      .tuple(
        fc.constantFrom(price, stock),
        fc.constantFrom('a', 'b'),
        fc.nat({ max: 3 }),
        fc.integer({ min: 1, max: 3 }),
      )
      .map(([set, id, value, version]) => set(id, value, version));
    const property = fc.property(fc.array(anyUpdate), (updates) => {
      const model = createModelStore();
      model.apply(updates);
      const merged = coalesce(updates);
      expect(model.ids().map((id) => model.get(id))).to.deep.equal([...merged.values()]);
    });
    fc.assert(property);
  });

  it('answers what changed, the highest version, and letters up to its bound', () => {
    const model = createModelStore({ deadLetterMax: 1 });
    expect(model.highestVersion()).to.equal(0);
    expect(model.apply([both('a', 1, 1, 2), price('a', 9, 1)])).to.deep.equal([both('a', 1, 1, 2)]);
    expect(model.apply([both('a', 1, 1, 2)])).to.deep.equal([]);
    expect(model.highestVersion()).to.equal(v(2));
    expect(model.addLetter(letter('a'))).to.equal(true);
    expect(model.addLetter(letter('b'))).to.equal(false);
    expect(model.letters()).to.deep.equal([letter('a')]);
  });
});

describe('the samples of the contract', () => {
  it('are every order and every split', () => {
    expect(new Set(ordersOf([1, 2, 3]).map(String)).size).to.equal(6);
    expect(new Set(splitsOf([1, 2, 3]).map((split) => JSON.stringify(split)))).to.deep.equal(
      new Set(['[[1],[2],[3]]', '[[1,2],[3]]', '[[1],[2,3]]', '[[1,2,3]]']),
    );
    expect(ordersOf([1, 2, 3, 4, 5, 6])).to.have.length(720);
    expect(splitsOf([1, 2, 3, 4, 5, 6])).to.have.length(32);
  });
});
