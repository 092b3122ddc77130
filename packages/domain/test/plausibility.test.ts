import {
  CLOCK_TOLERANCE_MS,
  isPlausible,
  MAX_AHEAD_MS,
  NEVER,
  versionOf,
  versionsStartAfter,
  type Version,
} from '@product-updates/domain';
import { expect } from 'chai';
import { NOW } from './arbitraries.ts';

function ahead(ms: number): Version {
  return versionOf(NOW + ms, 4095);
}

describe('isPlausible', () => {
  const bound = MAX_AHEAD_MS + CLOCK_TOLERANCE_MS;

  it('bounds how far ahead each field may be', () => {
    expect(isPlausible({ price_version: ahead(bound), stock_version: NEVER }, NOW)).to.equal(true);
    expect(isPlausible({ price_version: ahead(bound + 1), stock_version: NEVER }, NOW)).to.equal(false);
    expect(isPlausible({ price_version: NEVER, stock_version: ahead(bound + 1) }, NOW)).to.equal(false);
    expect(isPlausible({ price_version: ahead(bound), stock_version: ahead(bound) }, NOW)).to.equal(true);
  });

  it('bounds nothing behind', () => {
    expect(isPlausible({ price_version: 1 as Version, stock_version: NEVER }, NOW)).to.equal(true);
  });

  it('grants more than an array of the latest time, repeated, can run ahead', () => {
    expect(
      isPlausible({ price_version: (ahead(MAX_AHEAD_MS) + 10_000) as Version, stock_version: NEVER }, NOW),
    ).to.equal(true);
  });
});

describe('versionsStartAfter', () => {
  it('is nothing while a source that runs ahead and differing servers explain what the store has', () => {
    for (const ms of [-1000, 0, MAX_AHEAD_MS, MAX_AHEAD_MS + CLOCK_TOLERANCE_MS]) {
      expect(versionsStartAfter(ahead(ms), NOW)).to.equal(NEVER);
    }
    expect(versionsStartAfter(NEVER, NOW)).to.equal(NEVER);
  });

  it('is what the store has where that proves the clock wrong', () => {
    const highest = ahead(MAX_AHEAD_MS + CLOCK_TOLERANCE_MS + 1);
    expect(versionsStartAfter(highest, NOW)).to.equal(highest);
  });
});
