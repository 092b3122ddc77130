import { expect } from 'chai';
import type { ProductRecord } from '@product-updates/domain';
import { createMemoryStore } from '@product-updates/repository';
import { applyAll, contest, type Side } from '../../src/durable/contest.ts';

function memorySide(log: string[], name: string): Side {
  const { products } = createMemoryStore();
  return {
    prepare(records: readonly ProductRecord[]) {
      return async () => {
        log.push(name);
        return (await products.apply(records)).length;
      };
    },
  };
}

describe('contest', () => {
  it('gives both sides the same passes, and lets them begin by turns', async () => {
    const log: string[] = [];
    const sides = { ours: memorySide(log, 'ours'), bare: memorySide(log, 'bare') };
    const { inserts, updates } = await contest(sides, { rounds: 2, products: 400, updatePasses: 2 });
    expect([inserts.ours, inserts.bare].map(({ length }) => length)).to.deep.equal([2, 2]);
    expect([updates.ours, updates.bare].map(({ length }) => length)).to.deep.equal([4, 4]);
    // One batch a pass: two sides, three passes, a round to warm up and two that count.
    expect(log).to.have.length(18);
    expect(log.slice(0, 4)).to.deep.equal(['ours', 'bare', 'bare', 'ours']);
  });

  it('changes sides within a pass where turns are shorter', async () => {
    const log: string[] = [];
    const sides = { ours: memorySide(log, 'ours'), bare: memorySide(log, 'bare') };
    const options = { rounds: 1, products: 1500, updatePasses: 0, productsPerTurn: 500 };
    const { inserts } = await contest(sides, options);
    expect([inserts.ours, inserts.bare].map(({ length }) => length)).to.deep.equal([1, 1]);
    // After the round to warm up, of one batch: three batches, and who begins changes.
    expect(log.slice(2)).to.deep.equal(['bare', 'ours', 'ours', 'bare', 'bare', 'ours']);
  });

  it('calls a side that loses products an error', async () => {
    const side: Side = { prepare: (records) => async () => records.length - 1 };
    const record = { product_id: 'a', price: null, price_version: 0, stock: null, stock_version: 0 } as ProductRecord;
    const error = await applyAll(side, [[record]]).catch((reason: unknown) => reason);
    expect(error).to.have.property('message', '0 of 1 products changed');
  });
});
