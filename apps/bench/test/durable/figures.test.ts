import { expect } from 'chai';
import { figuresTable, quotients, share } from '../../src/durable/figures.ts';

describe('figuresTable', () => {
  const figure = { name: 'a ratio', format: share };

  it('lets the median decide', () => {
    const { rows } = figuresTable([
      { ...figure, values: [0.7, 0.85, 0.9], must: { atLeast: 0.8 } },
      { ...figure, values: [0.7, 0.75, 0.9], must: { atLeast: 0.8 } },
      { ...figure, values: [3], must: { atMost: 2 } },
      { ...figure, values: [2], must: { atMost: 2 } },
    ]);
    expect(rows).to.deep.equal([
      ['a ratio', '0.85', '0.70', '0.90', '≥ 0.80', 'yes'],
      ['a ratio', '0.75', '0.70', '0.90', '≥ 0.80', 'NO'],
      ['a ratio', '3.00', '3.00', '3.00', '≤ 2.00', 'NO'],
      ['a ratio', '2.00', '2.00', '2.00', '≤ 2.00', 'yes'],
    ]);
  });

  it('never calls what is no number reached', () => {
    const { rows } = figuresTable([{ ...figure, values: quotients([1], [Number.NaN]), must: { atMost: 2 } }]);
    expect(rows[0]?.at(-1)).to.equal('NO');
  });
});
