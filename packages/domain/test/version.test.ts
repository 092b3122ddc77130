import { isVersion, msOf, NEVER, VERSION_EPOCH_MS, versionOf } from '@product-updates/domain';
import { expect } from 'chai';

describe('versions', () => {
  it('count 1/4096 ms from the beginning of 2020', () => {
    expect(VERSION_EPOCH_MS).to.equal(Date.UTC(2020));
    expect(versionOf(VERSION_EPOCH_MS)).to.equal(NEVER);
    expect(versionOf(VERSION_EPOCH_MS + 2, 5)).to.equal(8197);
    expect(msOf(versionOf(VERSION_EPOCH_MS + 2, 4095))).to.equal(VERSION_EPOCH_MS + 2);
  });

  it('stay safe integers until 2089', () => {
    expect(versionOf(Date.UTC(2089), 4095)).to.be.below(Number.MAX_SAFE_INTEGER);
    expect(versionOf(Date.UTC(2090))).to.be.above(Number.MAX_SAFE_INTEGER);
  });

  it('are whole numbers from 0', () => {
    for (const value of [0, 1, Number.MAX_SAFE_INTEGER]) expect(isVersion(value)).to.equal(true);
    for (const value of [-1, 0.5, 2 ** 53, Number.NaN, '1', null, 1n]) expect(isVersion(value)).to.equal(false);
  });
});
