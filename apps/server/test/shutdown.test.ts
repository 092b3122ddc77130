import { createVirtualClock } from '@product-updates/queue/contract';
import { expect } from 'chai';
import { createShutdown } from '../src/shutdown.ts';

describe('shutdown', () => {
  it('gives the requests half of the time, and all the whole', async () => {
    const clock = createVirtualClock();
    const shutdown = createShutdown(clock, 1000);
    const over = (): boolean[] => [shutdown.requestsOver.aborted, shutdown.over.aborted];
    await clock.advance(5000);
    expect(over()).to.deep.equal([false, false]);
    shutdown.ask();
    shutdown.ask();
    await shutdown.asked;
    await clock.advance(499);
    expect(over()).to.deep.equal([false, false]);
    await clock.advance(1);
    expect(over()).to.deep.equal([true, false]);
    await clock.advance(500);
    expect(over()).to.deep.equal([true, true]);
  });

  it('ends at once when somebody is in a hurry', async () => {
    const shutdown = createShutdown(createVirtualClock(), 1000);
    shutdown.hurry();
    await shutdown.asked;
    expect([shutdown.requestsOver.aborted, shutdown.over.aborted]).to.deep.equal([true, true]);
  });

  it('lets go of its timers', () => {
    const clock = createVirtualClock();
    const shutdown = createShutdown(clock, 1000);
    shutdown.settle();
    shutdown.ask();
    expect(clock.pending).to.equal(2);
    shutdown.settle();
    expect(clock.pending).to.equal(0);
  });
});
