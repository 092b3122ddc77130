import { isProductUpdate, type ProductUpdate } from '@product-updates/domain';
import { expect } from 'chai';
import { NOW } from './arbitraries.ts';

describe('isProductUpdate', () => {
  it('narrows the type', () => {
    const value: unknown = JSON.parse('{"product_id":"p1","price":99.99}');
    if (!isProductUpdate(value, NOW)) throw new Error('refused');
    const update: ProductUpdate = value;
    expect(update.price).to.equal(99.99);
  });

  it('leaves the value as it is', () => {
    const value = Object.freeze({ product_id: 'p1', price: -0, stock: 5 });
    expect(isProductUpdate(value, NOW)).to.equal(true);
    expect(value).to.deep.equal({ product_id: 'p1', price: -0, stock: 5 });
  });

  it('measures occurred_at by the time it is given', () => {
    const value = { product_id: 'p1', price: 1, occurred_at: new Date(NOW + 300_001).toISOString() };
    expect(isProductUpdate(value, NOW)).to.equal(false);
    expect(isProductUpdate(value, NOW + 1)).to.equal(true);
  });
});
