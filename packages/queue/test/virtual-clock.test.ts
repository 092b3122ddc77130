import { expect } from 'chai';
import { createVirtualClock } from '@product-updates/queue/contract';

describe('createVirtualClock', () => {
  it('stands still until it is told to go on', async () => {
    const clock = createVirtualClock({ startMs: 1000 });
    expect(clock.now()).to.equal(1000);
    await clock.advance(50);
    expect(clock.now()).to.equal(1050);
  });

  it('runs what comes due in order, each at its time, and what that schedules', async () => {
    const clock = createVirtualClock({ startMs: 0 });
    const seen: string[] = [];
    const note = (name: string) => (): void => void seen.push(`${name}@${clock.now()}`);
    clock.schedule(30, note('c'));
    clock.schedule(10, () => {
      note('a')();
      clock.schedule(15, note('b'));
      clock.schedule(100, note('late'));
    });
    clock.schedule(10, note('a2'));
    await clock.advance(30);
    expect(seen).to.deep.equal(['a@10', 'a2@10', 'b@25', 'c@30']);
    expect(clock.pending).to.equal(1);
    expect(clock.nextMs).to.equal(110);
  });

  it('lets promises settle before each piece of work', async () => {
    const clock = createVirtualClock({ startMs: 0 });
    let depth = 0;
    const goDeep = async (): Promise<void> => {
      for (let i = 0; i < 100; i++) await Promise.resolve();
      depth = 100;
    };
    clock.schedule(1, () => void goDeep());
    let seen = -1;
    clock.schedule(1, () => {
      seen = depth;
    });
    await clock.advance(1);
    expect(seen).to.equal(100);
  });

  it('does not run what was cancelled', async () => {
    const clock = createVirtualClock({ startMs: 0 });
    let ran = 0;
    const cancel = clock.schedule(10, () => ran++);
    clock.schedule(20, () => ran++);
    cancel();
    cancel();
    expect(clock.pending).to.equal(1);
    expect(clock.nextMs).to.equal(20);
    expect(await clock.runUntilIdle()).to.equal(20);
    expect(ran).to.equal(1);
    expect(clock.nextMs).to.equal(Number.POSITIVE_INFINITY);
  });

  it('gives up on work that never ends', async () => {
    const clock = createVirtualClock();
    const again = (): void => void clock.schedule(1, again);
    again();
    const error = await clock.runUntilIdle({ most: 10 }).catch((error: unknown) => error);
    expect(String(error)).to.contain('not idle after 10');
  });

  it('can have its wall clock set without time passing', async () => {
    const clock = createVirtualClock({ startMs: 10_000 });
    let ranAt: number | undefined;
    clock.schedule(5, () => {
      ranAt = clock.now();
    });
    clock.step(-3000);
    expect(clock.now()).to.equal(7000);
    await clock.settle();
    expect(ranAt).to.equal(undefined);
    await clock.advance(5);
    expect(ranAt).to.equal(7005);
  });
});
