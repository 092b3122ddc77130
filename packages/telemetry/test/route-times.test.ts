import { expect } from 'chai';
import { createRouteTimes } from '../src/route-times.ts';

describe('route times', () => {
  it('keeps a histogram for each method, route and status that occurred', () => {
    const times = createRouteTimes();
    times.observe('POST', '/events', 202, 0.001);
    times.observe('POST', '/events', 202, 0.2);
    times.observe('POST', '/events', 400, 0.001);
    times.observe('GET', '/events', 405, 0.001);
    expect(
      times.snapshot().map(({ method, route, status, seconds }) => [method, route, status, seconds.cumulative.at(-1)]),
    ).to.deep.equal([
      ['POST', '/events', '202', 2],
      ['POST', '/events', '400', 1],
      ['GET', '/events', '405', 1],
    ]);
  });

  it('is bounded, whatever it is told', () => {
    const times = createRouteTimes();
    for (let n = 0; n < 5000; n += 1) times.observe('GET', `/${n}`, 200, 0.001);
    const series = times.snapshot();
    expect(series).to.have.length(1001);
    const counted = series.reduce((sum, { seconds }) => sum + (seconds.cumulative.at(-1) ?? 0), 0);
    expect(counted).to.equal(5000);
    expect(series.at(-1)).to.include({ method: 'other', route: 'other', status: 'other' });
  });
});
