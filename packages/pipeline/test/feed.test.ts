import { expect } from 'chai';
import { createRig, failure } from './support/rig.ts';
import { event } from './support/events.ts';

describe('a receive that fails', () => {
  for (const code of ['unavailable', 'misconfigured', 'bug'] as const) {
    it(`(${code}) is tried again every second and never ends the feed`, async () => {
      const rig = createRig();
      await rig.clock.settle();
      rig.faults.receive = () => failure(code);
      await rig.publish(event('a', 1)); // Taken by the receive that is under way.
      await rig.clock.settle();
      await rig.publish(event('b', 1));
      const before = rig.seen.receives.length;
      await rig.clock.advance(600_000);
      expect(rig.seen.receives.length - before).to.equal(600);
      expect(rig.pipeline.status().hold).to.deep.include({ reason: 'queue', error: `${code} on purpose` });
      expect(rig.seen.failed.length).to.equal(code === 'bug' ? 601 : 0);

      rig.faults.receive = () => undefined;
      await rig.clock.advance(1000);
      expect(await rig.prices('a', 'b')).to.deep.equal([1, 1]);
      expect(rig.pipeline.status()).to.deep.include({ state: 'running', hold: null });
      expect(rig.seen.held).to.have.length(1);
      expect(rig.seen.released).to.have.length(1);
      expect(await rig.pipeline.drain()).to.equal(0);
    });
  }

  it('is forgiven when the queue only has nothing to give', async () => {
    const rig = createRig();
    await rig.clock.settle();
    rig.faults.receive = () => failure('unavailable');
    await rig.publish(event('a', 1));
    await rig.clock.settle();
    rig.faults.receive = () => undefined;
    await rig.clock.advance(5500);
    expect(rig.pipeline.status().state).to.equal('held');
    await rig.clock.advance(500);
    expect(rig.pipeline.status()).to.deep.include({ state: 'running', hold: null });
    await rig.publish(event('a', 2));
    await rig.clock.settle();
    expect(await rig.prices('a')).to.deep.equal([2]);
    expect(await rig.pipeline.drain()).to.equal(0);
  });
});
