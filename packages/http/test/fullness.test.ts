import { expect } from 'chai';
import fc from 'fast-check';
import { createFullness, type Fullness } from '../src/fullness.ts';

const LONGEST_HOLD_MS = 100;
/** Larger than one update can be. */
const BYTES = 3000;

/** A fullness in a time of its own, which the test moves on. */
function startFullness(): { fullness: Fullness; time: { ms: number } } {
  const time = { ms: 1000 };
  return { fullness: createFullness(() => time.ms), time };
}

describe('a full queue is remembered', () => {
  let fullness: Fullness;
  let time: { ms: number };
  beforeEach(() => {
    ({ fullness, time } = startFullness());
  });

  const refuse = (bytes = BYTES, updates = 60): void => fullness.refused(fullness.begin(), updates, bytes);
  /** How long bodies of this size go on to be turned away. */
  function heldMs(bytes = BYTES): number {
    const sinceMs = time.ms;
    while (fullness.turnsAway(bytes)) time.ms += 1;
    return time.ms - sinceMs;
  }

  it('not before it was full', () => expect(fullness.turnsAway(Infinity)).to.equal(false));

  it('for 20 ms, for bodies that are as large or larger', () => {
    refuse();
    expect(fullness.turnsAway(BYTES - 1)).to.equal(false);
    expect(fullness.turnsAway(BYTES + 1)).to.equal(true);
    expect(heldMs()).to.equal(20);
    expect(fullness.turnsAway(Infinity)).to.equal(false);
  });

  it('for twice as long each time it still is, up to 100 ms, until it takes something', () => {
    const held = Array.from({ length: 5 }, () => {
      refuse();
      return heldMs();
    });
    expect(held).to.deep.equal([20, 40, 80, 100, 100]);
    fullness.took(fullness.begin());
    refuse();
    expect(heldMs()).to.equal(20);
  });

  it('not once it has taken anything', () => {
    refuse();
    fullness.took(fullness.begin());
    expect(fullness.turnsAway(BYTES)).to.equal(false);
  });

  it('for smaller ones when a smaller one was tried meanwhile and did not fit either', () => {
    refuse();
    refuse(BYTES - 500);
    expect(fullness.turnsAway(BYTES - 501)).to.equal(false);
    expect(heldMs(BYTES - 500)).to.equal(40);
  });

  it('never for what is as small as one update', () => {
    refuse(2047);
    expect(fullness.turnsAway(Infinity)).to.equal(false);
    refuse(2048);
    expect(fullness.turnsAway(2047)).to.equal(false);
    expect(fullness.turnsAway(2048)).to.equal(true);
  });

  it('though what it was handed before is taken later; but then it was not full all the time', () => {
    refuse();
    time.ms += 20;
    const before = fullness.begin();
    refuse();
    fullness.took(before);
    expect(heldMs()).to.equal(40);
    refuse();
    expect(heldMs()).to.equal(20);
  });

  it('once, where many that were handed to it together are refused together', () => {
    const begun = [1, 2, 3].map(() => fullness.begin());
    for (const one of begun) fullness.refused(one, 60, BYTES);
    expect(heldMs()).to.equal(20);
    refuse();
    expect(heldMs()).to.equal(40);
  });

  it('not by a clock that steps back, which would hold until it is there again', () => {
    refuse();
    time.ms -= 1;
    expect(fullness.turnsAway(BYTES)).to.equal(false);
  });

  it('with how many updates it was per byte', () => {
    refuse(BYTES, 60);
    expect([3000, 4500, 3010].map((bytes) => fullness.updatesIn(bytes))).to.deep.equal([60, 90, 60]);
    refuse(1_000_000, 1);
    expect(fullness.updatesIn(1_000_000 - 600_000)).to.equal(1);
  });

  const sizes = fc.integer({ min: 1, max: 10_000 });
  const moments = fc.integer({ min: 0, max: 150 });

  it('and nothing is turned away after a publish that succeeded, nor ever what is as small as one update', () => {
    const tries = fc.array(fc.record({ bytes: sizes, fits: fc.boolean(), waitMs: moments }), { maxLength: 30 });
    fc.assert(
      fc.property(tries, sizes, (steps, asked) => {
        const { fullness: remembered, time: now } = startFullness();
        for (const { bytes, fits, waitMs } of steps) {
          now.ms += waitMs;
          if (remembered.turnsAway(bytes)) continue;
          const begun = remembered.begin();
          if (fits) remembered.took(begun);
          else remembered.refused(begun, 1, bytes);
          if (fits || asked < 2048) expect(remembered.turnsAway(asked)).to.equal(false);
        }
      }),
    );
  });

  it('and what is turned away is as large as one that the queue itself refused at most 100 ms ago, in whatever order it answers', () => {
    const publishes = fc.array(
      fc.record({ atMs: fc.integer({ min: 0, max: 1000 }), takesMs: moments, bytes: sizes, fits: fc.boolean() }),
      { maxLength: 40 },
    );
    fc.assert(
      fc.property(publishes, (all) => {
        const { fullness: remembered, time: now } = startFullness();
        const refused: { atMs: number; bytes: number }[] = [];
        const happens: { atMs: number; run: () => void }[] = [];
        const later = (atMs: number, run: () => void): unknown => happens.push({ atMs, run });
        for (const { atMs, takesMs, bytes, fits } of all) {
          later(atMs, () => {
            if (remembered.turnsAway(bytes)) {
              const why = refused.filter((one) => now.ms - one.atMs < LONGEST_HOLD_MS && one.bytes <= bytes);
              expect(why).not.to.deep.equal([]);
              return;
            }
            const begun = remembered.begin();
            later(atMs + takesMs, () => {
              if (fits) return remembered.took(begun);
              remembered.refused(begun, 1, bytes);
              refused.push({ atMs: now.ms, bytes });
            });
          });
        }
        while (happens.length > 0) {
          happens.sort((one, other) => one.atMs - other.atMs);
          const next = happens.shift();
          now.ms = next?.atMs ?? now.ms;
          next?.run();
        }
      }),
    );
  });
});
