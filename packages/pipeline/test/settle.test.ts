import { expect } from 'chai';
import { createRig, failure } from './support/rig.ts';
import { event } from './support/events.ts';

describe('an ack that fails', () => {
  for (const code of ['unavailable', 'bug'] as const) {
    it(`(${code}) is tried again every second, names the queue, and counts once`, async () => {
      const rig = createRig();
      rig.faults.ack = () => failure(code);
      await rig.publish(event('a', 1), event('a', 0));
      await rig.clock.advance(10_000);
      expect(rig.seen.acks).to.have.length(11);
      expect(rig.seen.settledAtMs).to.deep.equal([]);
      expect(rig.pipeline.status()).to.deep.include({ state: 'held', holding: 2 });
      expect(rig.pipeline.status().hold).to.deep.include({ reason: 'queue', error: `${code} on purpose` });
      expect(rig.seen.failed.length).to.equal(code === 'bug' ? 11 : 0);
      expect(rig.seen.applies, 'written once').to.have.length(1);

      rig.faults.ack = () => undefined;
      await rig.clock.advance(1000);
      expect(rig.seen.settled.applied).to.have.length(1);
      expect(rig.seen.settled.superseded).to.have.length(1);
      expect(rig.seen.released).to.deep.equal([{ reason: 'queue', heldMs: 11_000 }]);
      expect(rig.pipeline.status().state).to.equal('running');
      expect(await rig.pipeline.drain()).to.equal(0);
    });
  }

  it('stops no lane while the window has room, and the hold ends with the last of them', async () => {
    const rig = createRig({ lanes: 2, batchMax: 1 });
    let failures = 3;
    rig.faults.ack = () => (failures-- > 0 ? failure('unavailable') : undefined);
    await rig.publish(...Array.from({ length: 20 }, (_, i) => event(`p${i}`, 1)));
    await rig.clock.advance(1000);
    expect(rig.seen.held).to.have.length(1);
    await rig.clock.advance(1000);
    expect(rig.seen.settled.applied).to.have.length(20);
    expect(rig.seen.released).to.have.length(1);
    await rig.pipeline.drain();
  });

  it('may reject with anything', async () => {
    const rig = createRig();
    rig.faults.ack = () => Promise.resolve('gone' as unknown as Error);
    await rig.publish(event('a', 1));
    await rig.clock.settle();
    expect(rig.pipeline.status().hold?.error).to.equal('gone');
    await rig.pipeline[Symbol.asyncDispose]();
  });
});

describe('an ack that takes long', () => {
  it('is not waited for by its lane, up to the window', async () => {
    const rig = createRig({ lanes: 1, batchMax: 1, window: 5 });
    let acked = (): void => {};
    const slow = new Promise<undefined>((resolve) => {
      acked = () => resolve(undefined);
    });
    rig.faults.ack = () => slow;
    await rig.publish(...Array.from({ length: 20 }, (_, i) => event(`p${i}`, 1)));
    await rig.clock.advance(10_000);
    expect(rig.seen.applies, 'as many as may be held').to.have.length(5);
    expect(rig.seen.settled.applied).to.deep.equal([]);

    acked();
    await rig.clock.settle();
    expect(rig.seen.settled.applied).to.have.length(20);
    await rig.pipeline.drain();
  });

  it('is waited for by a drain', async () => {
    const rig = createRig();
    let acked = (): void => {};
    const slow = new Promise<undefined>((resolve) => {
      acked = () => resolve(undefined);
    });
    rig.faults.ack = () => slow;
    await rig.publish(event('a', 1));
    await rig.clock.settle();
    let left: number | undefined;
    const drained = rig.pipeline.drain().then((count) => (left = count));
    await rig.clock.advance(10_000);
    expect(left).to.equal(undefined);
    acked();
    await rig.clock.settle();
    await drained;
    expect(left).to.equal(0);
    expect(rig.seen.settled.applied).to.have.length(1);
  });
});
