import { productUpdateSchema, type ProductUpdate } from '@product-updates/domain';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { expect } from 'chai';
import { isPrice, isStock } from '../src/product-update.ts';

describe('productUpdateSchema', () => {
  it('gives the type that the wire has', () => {
    const update: { product_id: string; price?: number; stock?: number; occurred_at?: string } = {
      product_id: 'p',
    } satisfies ProductUpdate;
    const same: ProductUpdate = update;
    // @ts-expect-error: null is refused, by the type too.
    const refused: ProductUpdate = { product_id: 'p', price: null };
    expect([same, refused]).to.have.length(2);
  });

  it('is plain JSON that the dialect of OpenAPI 3.1 takes, and says the rules without our code', () => {
    const plain = JSON.parse(JSON.stringify(productUpdateSchema)) as object;
    const isUpdate = new Ajv2020({ strict: true, strictRequired: false, validateFormats: false }).compile(plain);
    expect(isUpdate({ product_id: 'p', price: 1, stock: 1, occurred_at: '' })).to.equal(true);
    const bad = [
      { product_id: 'p' },
      { price: 1 },
      { product_id: '', price: 1 },
      { product_id: 'p', price: -1 },
      { product_id: 'p', price: 1.1e12 },
      { product_id: 'p', stock: 0.5 },
      { product_id: 'p', price: 1, x: 1 },
      { product_id: 'p', price: null },
      [],
    ];
    for (const value of bad) expect(isUpdate(value)).to.equal(false);
  });

  it('describes every field, with an example that is right', () => {
    const { properties } = productUpdateSchema;
    for (const field of Object.values(properties)) {
      expect(field).to.have.property('description').that.is.a('string');
      expect(field).to.have.property('examples').that.has.length(1);
    }
  });
});

describe('values', () => {
  it('are prices from 0 to 1e12', () => {
    for (const value of [0, -0, 0.1, 1e12]) expect(isPrice(value)).to.equal(true);
    const others = [-5e-324, 1e12 + 1, Number.NaN, Number.POSITIVE_INFINITY, '1', null, undefined, 1n];
    for (const value of others) expect(isPrice(value)).to.equal(false);
  });

  it('are stocks of whole numbers from 0 to 2^53−1', () => {
    for (const value of [0, -0, 2 ** 53 - 1]) expect(isStock(value)).to.equal(true);
    const others = [-1, 0.5, 2 ** 53, Number.NaN, Number.POSITIVE_INFINITY, '1', null, undefined, 1n];
    for (const value of others) expect(isStock(value)).to.equal(false);
  });
});
