import { expect } from 'chai';
import { createCount, createTally } from '../src/tally.ts';

describe('tally', () => {
  it('has every label from the start, in the order of the list', () => {
    expect(createTally(['a', 'b'], 'b').entries()).to.deep.equal([
      ['a', 0],
      ['b', 0],
    ]);
  });

  it('counts by label, and what is not on the list under the label for the rest', () => {
    const tally = createTally(['a', 'b', 'rest'], 'rest');
    tally.add('a', 2);
    tally.add('a', 3);
    tally.add('__proto__', 7);
    expect(Object.fromEntries(tally.entries())).to.deep.equal({ a: 5, b: 0, rest: 7 });
  });

  it('counts one thing', () => {
    const count = createCount();
    count.add(2);
    count.add(40);
    expect(count.total()).to.equal(42);
  });
});
