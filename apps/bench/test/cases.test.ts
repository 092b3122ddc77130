import { expect } from 'chai';
import { createCase, lastProductPath, PRODUCTS } from '../src/load/cases.ts';

function bodyOf(request: Buffer): unknown {
  const text = request.toString();
  const [head = '', body = ''] = text.split('\r\n\r\n');
  expect(head).to.match(new RegExp(`Content-Length: ${Buffer.byteLength(body)}$`));
  return JSON.parse(body);
}

describe('createCase', () => {
  it('names each product in the posts, and asks for each of them', () => {
    const posted = createCase('post', 1).requests.map(
      ({ bytes }) => (bodyOf(bytes) as { product_id: string }).product_id,
    );
    expect(new Set(posted).size).to.equal(PRODUCTS);
    const paths = createCase('get', 1).requests.map(({ bytes }) => bytes.toString().split(' ')[1]);
    expect(paths).to.deep.equal(posted.map((id) => `/products/${id}`));
  });

  it('names each product in the arrays, the last one last', () => {
    const arrays = createCase('array', 1).requests.map(({ bytes }) => bodyOf(bytes) as { product_id: string }[]);
    expect(arrays.map(({ length }) => length)).to.deep.equal(Array.from({ length: 16 }, () => 1000));
    expect(new Set(arrays.flat().map(({ product_id }) => product_id)).size).to.equal(PRODUCTS);
    expect(lastProductPath()).to.equal(`/products/${arrays.at(-1)?.at(-1)?.product_id}`);
  });

  it('counts the updates of what it mixes', () => {
    const { requests } = createCase('mix', 1);
    expect(requests.reduce((sum, { updates }) => sum + updates, 0)).to.equal(16 * (1000 + 50));
  });
});
