import { createVersionClock, msOf, VERSION_EPOCH_MS, versionOf, type Version } from '@product-updates/domain';
import { expect } from 'chai';
import * as fc from 'fast-check';
import { NOW, runs } from './arbitraries.ts';

const HOUR_MS = 3_600_000;

describe('VersionClock', () => {
  it('starts each millisecond in the lower half of its versions, and counts up by one', () => {
    let now = NOW;
    let random = 0;
    const clock = createVersionClock({ now: () => now, random: () => random });
    expect([clock.next(), clock.next()]).to.deep.equal([versionOf(NOW), versionOf(NOW, 1)]);
    now += 1;
    random = 0.999_999;
    expect([clock.next(), clock.next()]).to.deep.equal([versionOf(now, 2047), versionOf(now, 2048)]);
  });

  it('runs ahead when a millisecond is asked for more than it has, and is caught up by the wall clock', () => {
    let now = NOW;
    const clock = createVersionClock({ now: () => now, random: () => 0 });
    let last = 0;
    for (let i = 0; i < 10_000; i += 1) last = clock.next();
    expect(last).to.equal(versionOf(NOW) + 9999);
    now += 1;
    expect(clock.next()).to.equal(last + 1);
    now += 10;
    expect(clock.next()).to.equal(versionOf(now));
  });

  it('only grows when the wall clock steps back an hour', () => {
    let now = NOW;
    const clock = createVersionClock({ now: () => now, random: () => 0.5 });
    const before = clock.next();
    now -= HOUR_MS;
    const versions = Array.from({ length: 100 }, () => (now += 1) && clock.next());
    expect(versions).to.deep.equal(versions.map((_, i) => before + 1 + i));
    now += 2 * HOUR_MS;
    expect(msOf(clock.next())).to.equal(now);
  });

  it('only grows whatever the wall clock does, is never 0, and never behind it', () => {
    const step = fc.oneof(
      fc.constantFrom(0, 0, 0, 1, -1, HOUR_MS, -HOUR_MS, 0.25),
      fc.integer({ min: -10, max: 10 }),
      fc.integer({ min: -60 * 365 * 24 * HOUR_MS, max: 40 * 365 * 24 * HOUR_MS }),
      fc.constant(Number.NaN),
    );
    const random = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });
    fc.assert(
      fc.property(
        fc.array(step),
        fc.infiniteStream(random),
        fc.option(fc.nat(), { nil: undefined }),
        (steps, randoms, after) => {
          let now = NOW;
          const options = { now: () => now, random: () => randoms.next().value as number };
          const clock = createVersionClock(after === undefined ? options : { ...options, after: after as Version });
          let last: number = after ?? 0;
          for (const step of steps) {
            // A walk within the years for which versions are made, now and then a clock that reads nothing.
            now = Number.isNaN(step) ? step : Math.min((Number.isNaN(now) ? NOW : now) + step, Date.UTC(2080));
            const version = clock.next();
            expect(version).to.be.above(last);
            expect(Number.isSafeInteger(version)).to.equal(true);
            if (!Number.isNaN(now)) expect(version).to.be.at.least(versionOf(Math.floor(now)));
            last = version;
          }
        },
      ),
      runs(500),
    );
  });

  it('starts above what the store has', () => {
    const after = versionOf(NOW + HOUR_MS, 7);
    const clock = createVersionClock({ now: () => NOW, after });
    expect([clock.next(), clock.next()]).to.deep.equal([after + 1, after + 2]);
    expect(msOf(createVersionClock({ now: () => NOW, after: versionOf(NOW - 1) }).next())).to.equal(NOW);
  });

  it('gives different versions to two servers nearly always', () => {
    const starts = new Set(Array.from({ length: 50 }, () => createVersionClock({ now: () => NOW }).next()));
    expect(starts.size).to.be.above(25);
  });

  it('gives the same instant, accepted at the same time, the same version, and leaves its own count alone', () => {
    const clock = createVersionClock({ now: () => NOW, random: () => 0 });
    expect(clock.next()).to.equal(versionOf(NOW));
    const instant = { ms: NOW + HOUR_MS, sub: 9 };
    expect([clock.at(instant, NOW), clock.at(instant, NOW + 1)]).to.deep.equal([
      versionOf(NOW + HOUR_MS, 9),
      versionOf(NOW + HOUR_MS, 9),
    ]);
    const whole = { ms: NOW - 1000, sub: 0 };
    expect(clock.at(whole, NOW)).to.equal(clock.at(whole, NOW));
    expect(clock.next()).to.equal(versionOf(NOW, 1));
  });

  it('orders changes of the same instant by their acceptance, within the millisecond of the instant', () => {
    const clock = createVersionClock({ now: () => NOW });
    const instant = { ms: NOW, sub: 0 };
    const versions = [-300_000, -1000, -1, 0, 1, 2, 500, 5000, HOUR_MS, 365 * 24 * HOUR_MS].map((age) =>
      clock.at(instant, NOW + age),
    );
    expect(versions).to.deep.equal(versions.toSorted((a, b) => a - b));
    expect(new Set(versions).size).to.equal(versions.length);
    expect(versions.map(msOf)).to.deep.equal(versions.map(() => NOW));
  });

  it('never dates a change at 0, which means never, nor beyond the safe integers', () => {
    const clock = createVersionClock({ now: () => NOW });
    expect(clock.at({ ms: VERSION_EPOCH_MS, sub: 0 }, Number.NEGATIVE_INFINITY)).to.equal(1);
    expect(clock.at({ ms: 0, sub: 0 }, NOW)).to.equal(1);
    expect(clock.at({ ms: VERSION_EPOCH_MS, sub: 1 }, NOW)).to.equal(1);
    expect(clock.at({ ms: VERSION_EPOCH_MS, sub: 2 }, NOW)).to.equal(2);
    expect(clock.at({ ms: Date.UTC(9999), sub: 0 }, NOW)).to.equal(Number.MAX_SAFE_INTEGER);
  });
});
