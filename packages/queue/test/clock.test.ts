import { expect } from 'chai';
import { systemClock } from '@product-updates/queue';

describe('systemClock', () => {
  it('tells the time of the machine', () => {
    const before = Date.now();
    expect(systemClock.now()).to.be.within(before, Date.now());
  });

  it('runs what is scheduled once, not too early', async () => {
    const start = performance.now();
    await new Promise<void>((resolve) => {
      systemClock.schedule(20, resolve);
    });
    expect(performance.now() - start).to.be.above(18);
  });

  it('runs what is scheduled for now after the promises of this turn', async () => {
    const seen: string[] = [];
    await new Promise<void>((resolve) => {
      systemClock.schedule(0, resolve);
      systemClock.schedule(0, () => void seen.push('cancelled'))();
      void Promise.resolve().then(() => seen.push('promise'));
    });
    expect(seen).to.deep.equal(['promise']);
  });

  it('does not run what was cancelled, however often', async () => {
    let ran = false;
    const cancel = systemClock.schedule(1, () => {
      ran = true;
    });
    cancel();
    cancel();
    await new Promise<void>((resolve) => {
      systemClock.schedule(10, resolve);
    });
    expect(ran).to.equal(false);
  });

  it('waits also for longer than a timer can', async () => {
    let ran = false;
    const cancels = [2 ** 31, 2 ** 40, Number.POSITIVE_INFINITY].map((delayMs) =>
      systemClock.schedule(delayMs, () => {
        ran = true;
      }),
    );
    await new Promise<void>((resolve) => {
      systemClock.schedule(10, resolve);
    });
    for (const cancel of cancels) cancel();
    expect(ran).to.equal(false);
  });
});
