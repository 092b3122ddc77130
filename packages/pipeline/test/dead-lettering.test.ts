import { expect } from 'chai';
import { createRig, failure } from './support/rig.ts';
import { event } from './support/events.ts';

function gaps(moments: readonly number[]): number[] {
  return moments.slice(1).map((at, i) => at - (moments[i] ?? 0));
}

describe('dead-lettering', () => {
  it('adds first and acks second', async () => {
    const order: string[] = [];
    const rig = createRig();
    rig.faults.apply = () => failure('invalid');
    rig.faults.add = () => void order.push('add');
    rig.faults.ack = () => void order.push('ack');
    await rig.publish(event('a', 1));
    await rig.clock.settle();
    expect(order).to.deep.equal(['add', 'ack']);
    await rig.pipeline.drain();
  });

  for (const code of ['unavailable', 'full', 'misconfigured', 'bug'] as const) {
    it(`holds all lanes while the sink says ${code}, and tries once a second`, async () => {
      const rig = createRig({ lanes: 4, batchMax: 5 });
      rig.faults.apply = (records) =>
        records.some((record) => record.product_id === 'bad') ? failure('invalid') : undefined;
      rig.faults.add = () => failure(code, 'no letters today');
      await rig.publish(event('bad', 1));
      await rig.clock.settle();
      await rig.publish(...Array.from({ length: 50 }, (_, i) => event(`p${i}`, 1)));
      await rig.clock.advance(60_000);

      expect(rig.pipeline.status()).to.deep.include({ state: 'held', holding: 51 });
      expect(rig.pipeline.status().hold).to.deep.include({ reason: 'dead_letters', error: 'no letters today' });
      expect(rig.seen.adds).to.have.length(61);
      expect(new Set(gaps(rig.seen.adds))).to.deep.equal(new Set([1000]));
      expect(rig.seen.settled.applied).to.deep.equal([]);
      expect(rig.seen.acks).to.deep.equal([]);

      rig.faults.add = () => undefined;
      await rig.clock.advance(1000);
      expect(rig.seen.settled.applied).to.have.length(50);
      expect(rig.seen.letters).to.have.length(1);
      expect(rig.seen.released.map(({ reason }) => reason)).to.deep.equal(['dead_letters']);
      expect(await rig.pipeline.drain()).to.equal(0);
    });
  }

  it('evicts nothing at the bound of the store: it waits until somebody makes room', async () => {
    const rig = createRig({ deadLetterMax: 2 });
    rig.faults.apply = () => failure('invalid');
    const events = [1, 2, 3].map((at) => event(`bad${at}`, at));
    await rig.publish(...events);
    await rig.clock.advance(30_000);
    expect(rig.pipeline.status().hold?.reason).to.equal('dead_letters');
    expect(await rig.letters()).to.have.length(2);
    const [removed] = await rig.letters();
    await rig.store.deadLetters.remove(removed?.id ?? '');
    await rig.clock.advance(1000);
    const letters = [removed, ...(await rig.letters())].map((letter) => letter?.event);
    expect(letters).to.have.deep.members(events);
    expect(await rig.pipeline.drain()).to.equal(0);
  });

  it('lets one lane probe for all that have letters to write', async () => {
    const rig = createRig({ lanes: 4, batchMax: 1 });
    rig.faults.apply = () => failure('invalid');
    rig.faults.add = async () => {
      await new Promise<void>((resolve) => rig.clock.schedule(10, resolve));
      return failure('unavailable');
    };
    await rig.publish(...Array.from({ length: 40 }, (_, i) => event(`p${i}`, 1)));
    await rig.clock.advance(10);
    const before = rig.seen.adds.length;
    expect(before).to.equal(4);
    await rig.clock.advance(10_500);
    expect(rig.seen.adds.length - before).to.equal(10);
    rig.faults.add = () => undefined;
    await rig.clock.advance(3000);
    expect(rig.seen.letters).to.have.length(40);
    expect(await rig.pipeline.drain()).to.equal(0);
  });

  it('writes the same letter again after a crash between the two', async () => {
    const rig = createRig();
    rig.faults.apply = () => failure('invalid');
    rig.faults.ack = () => failure('unavailable');
    await rig.publish(event('a', 1));
    await rig.clock.settle();
    await rig.pipeline[Symbol.asyncDispose]();
    expect(rig.seen.settled.dead_lettered).to.deep.equal([]);
    expect(await rig.depth()).to.equal(1);
    expect(await rig.letters()).to.have.length(1);

    const next = createRig({ queue: rig.queue });
    next.faults.apply = () => failure('invalid');
    await next.clock.settle();
    expect((await next.letters()).map(({ id }) => id)).to.deep.equal((await rig.letters()).map(({ id }) => id));
    expect(await next.pipeline.drain()).to.equal(0);
  });
});
