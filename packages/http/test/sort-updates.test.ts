import { faultCountOf, faultsOf, isProductUpdate } from '@product-updates/domain';
import { expect } from 'chai';
import { ERRORS_MAX, sortOut, type UpdateRules } from '../src/sort-updates.ts';

const NOW = Date.UTC(2026, 10, 22);
const good = { product_id: 'p', price: 1 };
const bad = { product_id: ' p', price: '1', stock: -1, x: 1, y: 1 };
const options = { nowMs: NOW, hidden: new Map<number, number>() };

/** The rules, counting how often each is asked. */
function counted(): { rules: UpdateRules; calls: Record<keyof UpdateRules, number> } {
  const calls = { isProductUpdate: 0, faultsOf: 0, faultCountOf: 0 };
  const rules: UpdateRules = {
    isProductUpdate: (value, nowMs): value is typeof good => {
      calls.isProductUpdate += 1;
      return isProductUpdate(value, nowMs);
    },
    faultsOf(...args) {
      calls.faultsOf += 1;
      return faultsOf(...args);
    },
    faultCountOf(...args) {
      calls.faultCountOf += 1;
      return faultCountOf(...args);
    },
  };
  return { rules, calls };
}

describe('sortOut', () => {
  it('checks each item once, and describes no more faults than are told, however many are bad', () => {
    const { rules, calls } = counted();
    const items = Array.from({ length: 10_000 }, (_, i) => (i % 10 === 0 ? good : bad));
    const sorted = sortOut(items, options, rules);
    expect(calls).to.deep.equal({
      isProductUpdate: 10_000,
      faultsOf: ERRORS_MAX / 5,
      faultCountOf: 9000 - ERRORS_MAX / 5,
    });
    expect(sorted.good).to.have.length(1000);
    expect(sorted.rejected).to.have.length(9000);
    expect(sorted.rejected.flatMap(({ errors }) => errors)).to.have.length(ERRORS_MAX);
    expect(sorted.errorCount).to.equal(45_000);
  });

  it('cuts the errors of the item at which it has told enough', () => {
    const items = Array.from({ length: 40 }, () => ({ ...bad, z: 1, zz: 1 }));
    const { rejected, errorCount } = sortOut(items, options);
    expect(rejected.map(({ errors }) => errors.length)).to.deep.equal([
      ...Array.from({ length: 14 }, () => 7),
      2,
      ...Array.from({ length: 25 }, () => 0),
    ]);
    expect(errorCount).to.equal(280);
  });

  it('counts unknown fields that were left out', () => {
    const items = [...Array.from({ length: ERRORS_MAX }, () => 7), { ...good, '': 0 }];
    expect(sortOut(items, { nowMs: NOW, hidden: new Map([[ERRORS_MAX, 9]]) }).errorCount).to.equal(ERRORS_MAX + 10);
  });
});
