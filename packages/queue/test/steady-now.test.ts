import { expect } from 'chai';
import { createSteadyNow } from '../src/steady-now.ts';

describe('createSteadyNow', () => {
  it('goes with the clock, stands still for a step back, and goes on from there', () => {
    let now = 1000;
    const steadyNow = createSteadyNow({ now: () => now, schedule: () => () => undefined });
    const seen = [1000, 1500, 200, 300, 5000, 4000].map((reading) => {
      now = reading;
      return steadyNow();
    });
    expect(seen).to.deep.equal([1000, 1500, 1500, 1600, 6300, 6300]);
  });
});
