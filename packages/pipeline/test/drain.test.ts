import { expect } from 'chai';
import { createRig, failure, type Rig } from './support/rig.ts';
import { event } from './support/events.ts';

/** What a shutdown may find the pipeline in the middle of. */
const middles: readonly {
  readonly name: string;
  readonly arrange: (rig: Rig) => void;
  readonly retried?: number;
}[] = [
  { name: 'an outage', arrange: (rig) => (rig.faults.apply = rig.faults.ping = () => failure('unavailable')) },
  { name: 'a store that takes no writes', arrange: (rig) => (rig.faults.apply = () => failure('unavailable')) },
  { name: 'a misconfigured store', arrange: (rig) => (rig.faults.apply = () => failure('misconfigured')) },
  { name: 'a backoff', arrange: (rig) => (rig.faults.apply = () => failure('bug')), retried: 3 },
  { name: 'a write that hangs', arrange: (rig) => (rig.faults.apply = () => new Promise(() => undefined)) },
  {
    name: 'a ping that hangs',
    arrange(rig) {
      rig.faults.apply = () => failure('unavailable');
      rig.faults.ping = () => new Promise(() => undefined);
    },
  },
  {
    name: 'a sink that is down',
    arrange(rig) {
      rig.faults.apply = () => failure('invalid');
      rig.faults.add = () => failure('unavailable');
    },
  },
  {
    name: 'a letter that hangs',
    arrange(rig) {
      rig.faults.apply = () => failure('invalid');
      rig.faults.add = () => new Promise(() => undefined);
    },
  },
  { name: 'an ack that fails', arrange: (rig) => (rig.faults.ack = () => failure('unavailable')) },
  { name: 'an ack that hangs', arrange: (rig) => (rig.faults.ack = () => new Promise(() => undefined)) },
];

describe('drain', () => {
  for (const { name, arrange, retried = 0 } of middles) {
    it(`in the middle of ${name} ends at the deadline, gives all back and counts no attempt`, async () => {
      const rig = createRig({ retry: { attempts: 5, baseMs: 60_000, maxMs: 60_000 } });
      arrange(rig);
      await rig.publish(event('a', 1), event('b', 1), event('c', 1));
      await rig.clock.advance(700);

      const deadline = new AbortController();
      let left: number | undefined;
      const drained = rig.pipeline.drain({ signal: deadline.signal }).then((count) => (left = count));
      await rig.clock.advance(300);
      expect(left).to.equal(undefined);
      expect(rig.pipeline.status().state).to.equal('draining');
      const done = { retried: rig.seen.retried.length, letters: rig.seen.letters.length };
      expect(done).to.deep.equal({ retried, letters: 0 });

      deadline.abort();
      // An ack that is under way has a second to come.
      await rig.clock.advance(1000);
      expect(left).to.equal(3);
      expect(await drained).to.equal(3);
      expect(rig.pipeline.status()).to.deep.include({ state: 'stopped', holding: 0 });
      expect(await rig.queue.stats()).to.deep.include({ depth: 3, unacked: 0 });

      // Nothing goes on behind its back, whatever answers now.
      const calls = rig.seen.applies.length + rig.seen.pings.length + rig.seen.adds.length + rig.seen.acks.length;
      await rig.clock.advance(120_000);
      expect(rig.seen.applies.length + rig.seen.pings.length + rig.seen.adds.length + rig.seen.acks.length).to.equal(
        calls,
      );
      expect({ retried: rig.seen.retried.length, letters: rig.seen.letters.length }).to.deep.equal(done);
      expect(rig.seen.settledAtMs).to.deep.equal([]);
      expect(rig.seen.failed.filter(({ what }) => what !== 'apply')).to.deep.equal([]);
      expect(rig.clock.pending).to.equal(0);
    });
  }

  it('does not count what a late write or ack still brings about', async () => {
    for (const kind of ['apply', 'ack'] as const) {
      const rig = createRig();
      let go: () => void = () => undefined;
      rig.faults[kind] = () =>
        new Promise((resolve) => {
          go = (): void => resolve(undefined);
        });
      await rig.publish(event('a', 1));
      await rig.clock.settle();
      const drained = rig.pipeline.drain({ signal: AbortSignal.abort() });
      await rig.clock.advance(1000);
      expect(await drained).to.equal(1);
      go();
      await rig.clock.settle();
      expect(rig.seen.settledAtMs).to.deep.equal([]);
      expect(rig.seen.failed).to.deep.equal([]);
      // The message is with the queue again, and will be written again, which is harmless.
      expect(await rig.depth()).to.equal(1);
    }
  });

  it('does not call left what an ack that was under way has settled', async () => {
    const rig = createRig();
    let go: () => void = () => undefined;
    rig.faults.ack = () =>
      new Promise((resolve) => {
        go = (): void => resolve(undefined);
      });
    await rig.publish(event('a', 1));
    await rig.clock.settle();
    const drained = rig.pipeline.drain({ signal: AbortSignal.abort() });
    await rig.clock.advance(500);
    go();
    expect(await drained).to.equal(0);
    expect(rig.seen.settled.applied).to.have.length(1);
    expect(await rig.depth()).to.equal(0);
  });

  it('waits for what can still be done, backoffs too', async () => {
    const rig = createRig();
    let failures = 2;
    rig.faults.apply = () => (failures-- > 0 ? failure('bug') : undefined);
    await rig.publish(event('a', 1), event('b', 1));
    await rig.clock.settle();
    const drained = rig.pipeline.drain();
    await rig.clock.runUntilIdle();
    expect(await drained).to.equal(0);
    expect(await rig.prices('a', 'b')).to.deep.equal([1, 1]);
    expect(rig.pipeline.status().state).to.equal('stopped');
  });

  it('takes nothing more than what the queue still has', async () => {
    const rig = createRig();
    await rig.publish(event('a', 1));
    const drained = rig.pipeline.drain();
    const refused = await rig.publish(event('b', 1)).catch((error: unknown) => error);
    expect(refused).to.have.property('code', 'closed');
    await rig.clock.settle();
    expect(await drained).to.equal(0);
    expect(await rig.prices('a', 'b')).to.deep.equal([1, undefined]);
  });

  it('called twice is the same drain, and heeds the second deadline too', async () => {
    const rig = createRig();
    rig.faults.apply = rig.faults.ping = () => failure('unavailable');
    await rig.publish(event('a', 1));
    await rig.clock.settle();
    const first = rig.pipeline.drain();
    const second = new AbortController();
    expect(rig.pipeline.drain({ signal: second.signal })).to.equal(first);
    await rig.clock.advance(5000);
    second.abort();
    expect(await first).to.equal(1);
    expect(await rig.pipeline.drain()).to.equal(1);
  });

  it('is what disposing does, with no time left', async () => {
    const rig = createRig();
    rig.faults.apply = () => new Promise(() => undefined);
    {
      await using pipeline = rig.pipeline;
      await rig.publish(event('a', 1));
      await rig.clock.settle();
      expect(pipeline.status().holding).to.equal(1);
    }
    expect(rig.pipeline.status().state).to.equal('stopped');
    expect(await rig.queue.stats()).to.deep.include({ depth: 1, unacked: 0 });
  });

  it('while the window is full gives back what it holds and leaves the rest', async () => {
    const rig = createRig({ window: 5 });
    rig.faults.apply = rig.faults.ping = () => failure('unavailable');
    await rig.publish(...Array.from({ length: 20 }, (_, i) => event(`p${i}`, 1)));
    await rig.clock.settle();
    const left = await rig.pipeline.drain({ signal: AbortSignal.abort() });
    expect(left).to.equal(5);
    expect(await rig.queue.stats()).to.deep.include({ depth: 20, unacked: 0 });
  });

  it('gives back and counts what a receive brings in the very moment of the deadline', async () => {
    for (const delayMs of [500, 5000]) {
      const rig = createRig();
      rig.faults.received = () => new Promise((resolve) => rig.clock.schedule(delayMs, () => resolve(undefined)));
      await rig.publish(event('a', 1));
      await rig.clock.settle();
      const drained = rig.pipeline.drain({ signal: AbortSignal.abort() });
      await rig.clock.advance(1000);
      // One that comes later than the drain can wait is given back when it comes.
      expect(await drained).to.equal(delayMs === 500 ? 1 : 0);
      await rig.clock.advance(5000);
      expect(await rig.queue.stats()).to.deep.include({ depth: 1, unacked: 0 });
      expect(rig.seen.applies).to.deep.equal([]);
      expect(rig.seen.failed).to.deep.equal([]);
    }
  });

  it('answers although the queue does not take back what is left', async () => {
    for (const kind of ['rejects', 'hangs'] as const) {
      const rig = createRig();
      rig.faults.apply = () => new Promise(() => undefined);
      rig.faults.nack = () => (kind === 'rejects' ? failure('unavailable') : new Promise(() => undefined));
      await rig.publish(event('a', 1));
      await rig.clock.settle();
      const drained = rig.pipeline.drain({ signal: AbortSignal.abort() });
      await rig.clock.advance(1000);
      expect(await drained).to.equal(1);
      expect(rig.seen.failed.map(({ what }) => what)).to.deep.equal(kind === 'rejects' ? ['nack'] : []);
    }
  });

  it('while receive fails waits for the deadline, for it cannot know what still waits', async () => {
    const rig = createRig();
    rig.faults.receive = () => failure('unavailable');
    await rig.publish(event('a', 1));
    await rig.clock.settle();
    const deadline = new AbortController();
    const drained = rig.pipeline.drain({ signal: deadline.signal });
    await rig.clock.advance(3000);
    expect(rig.pipeline.status()).to.deep.include({ state: 'draining' });
    expect(rig.pipeline.status().hold?.reason).to.equal('queue');
    deadline.abort();
    expect(await drained).to.equal(0);
    expect(rig.pipeline.status()).to.deep.include({ state: 'stopped', hold: null });
  });
});
