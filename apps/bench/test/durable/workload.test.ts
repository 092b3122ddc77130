import { expect } from 'chai';
import { createWorkload } from '../../src/durable/workload.ts';

describe('createWorkload', () => {
  for (const products of [1, 7, 500, 1999, 2000]) {
    it(`names each of ${products} products once in a pass`, () => {
      const workload = createWorkload({ name: 'p', products, batchSize: 500 });
      for (const pass of [0, 1, 2, 10, 11, 12]) {
        const ids = workload.pass(pass).flatMap((batch) => batch.map(({ product_id }) => product_id));
        expect(new Set(ids).size).to.equal(products);
        expect(ids).to.have.length(products);
      }
    });
  }

  it('makes each pass newer than the one before', () => {
    const workload = createWorkload({ name: 'p', products: 100, batchSize: 50 });
    const [first, second] = [workload.pass(3), workload.pass(4)].map((pass) => pass[1]?.[0]?.price_version);
    expect(second).to.be.greaterThan(first ?? Number.NaN);
  });

  it('goes on from pass to pass batch by batch', () => {
    const workload = createWorkload({ name: 'p', products: 120, batchSize: 50 });
    const passes = [0, 1].flatMap((pass) => workload.pass(pass));
    expect(passes).to.have.length(6);
    expect(passes.map((_, number) => workload.batch(number))).to.deep.equal(passes);
  });

  it('spreads a batch over the ids, and over what another pass wrote side by side', () => {
    const workload = createWorkload({ name: 'p', products: 100_000, batchSize: 500 });
    const numbers = (pass: number): number[] =>
      (workload.pass(pass)[0] ?? []).map(({ product_id }) => Number(product_id.slice(2)));
    const places = new Map(
      workload
        .pass(0)
        .flat()
        .map(({ product_id }, place) => [Number(product_id.slice(2)), place]),
    );
    const gaps = (values: readonly number[]): number => {
      const sorted = values.toSorted((a, b) => a - b);
      return sorted.filter((value, index) => value - (sorted[index - 1] ?? Number.NEGATIVE_INFINITY) < 10).length;
    };
    for (const pass of [1, 2]) {
      expect(gaps(numbers(pass))).to.be.lessThan(50);
      expect(gaps(numbers(pass).map((number) => places.get(number) ?? 0))).to.be.lessThan(50);
    }
    expect(gaps(numbers(11).map((number) => places.get(number) ?? 0))).to.be.greaterThan(400);
  });
});
