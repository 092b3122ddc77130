import { expect } from 'chai';
import { createFloodGate, type FloodGate } from '../src/flood-gate.ts';
import { createVirtualClock, type VirtualClock } from '@product-updates/queue/contract';

describe('flood gate', () => {
  let clock: VirtualClock;
  let told: [string, number][];
  let gate: FloodGate;

  beforeEach(() => {
    clock = createVirtualClock();
    told = [];
    gate = createFloodGate({
      clock,
      lines: 3,
      summarise: (kind, suppressed) => told.push([kind, suppressed]),
    });
  });

  const passing = (kind: string, times: number): number =>
    Array.from({ length: times }, () => gate.passes(kind)).filter(Boolean).length;

  it('passes so many of a kind, and tells once how many more there were', async () => {
    expect(passing('a', 100)).to.equal(3);
    expect(passing('b', 2)).to.equal(2);
    expect(told).to.deep.equal([]);
    await clock.advance(1000);
    expect(told).to.deep.equal([['a', 97]]);
    expect(clock.pending).to.equal(0);
  });

  it('passes again in the next second', async () => {
    passing('a', 5);
    await clock.advance(1000);
    expect(passing('a', 5)).to.equal(3);
  });

  it('has no timer where nothing is held back', async () => {
    passing('a', 3);
    expect(clock.pending).to.equal(0);
    await clock.advance(1000);
    expect(passing('a', 3)).to.equal(3);
    expect(told).to.deep.equal([]);
  });

  it('opens again when the clock steps, either way, and loses no count', () => {
    passing('a', 5);
    clock.step(-3_600_000);
    expect(gate.passes('a')).to.equal(true);
    expect(told).to.deep.equal([['a', 2]]);
    passing('a', 4);
    clock.step(3_600_000);
    expect(gate.passes('a')).to.equal(true);
    expect(told).to.deep.equal([
      ['a', 2],
      ['a', 2],
    ]);
    expect(clock.pending).to.equal(0);
  });

  it('tells what it holds back when it is disposed, once', () => {
    passing('a', 4);
    gate[Symbol.dispose]();
    gate[Symbol.dispose]();
    expect(told).to.deep.equal([['a', 1]]);
    expect(clock.pending).to.equal(0);
  });
});
