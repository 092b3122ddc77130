import { expect } from 'chai';
import { createMemoryQueue, type Undecodable } from '@product-updates/queue';
import type { ProductEvent } from '@product-updates/domain';
import { createRig, failure } from './support/rig.ts';
import { event } from './support/events.ts';

describe('startPipeline', () => {
  it('writes what the updates of a product make together, once, and acks all in one call', async () => {
    const rig = createRig();
    await rig.publish(event('a', 1), event('b', 1), event('a', 3), event('a', 2));
    await rig.clock.settle();

    expect(await rig.prices('a', 'b')).to.deep.equal([3, 1]);
    expect(rig.seen.applies.map(({ ids }) => ids)).to.deep.equal([['a', 'b']]);
    expect(rig.seen.acks.map(({ count }) => count)).to.deep.equal([4]);
    expect(rig.seen.applied).to.deep.equal([2]);
    expect(await rig.depth()).to.equal(0);
    expect(await rig.pipeline.drain()).to.equal(0);
  });

  it('takes together what is published in one turn, also in many calls', async () => {
    const rig = createRig();
    await rig.clock.settle();
    const ids = Array.from({ length: 50 }, (_, i) => `p${i}`);
    for (const id of ids) await rig.publish(event(id, 1));
    await rig.clock.settle();

    // The first one wakes the feed; the others come when the turn ends.
    expect(rig.seen.applies.map((apply) => apply.ids)).to.deep.equal([['p0'], ids.slice(1)]);
    expect(await rig.pipeline.drain()).to.equal(0);
  });

  it('tells applied from superseded', async () => {
    const rig = createRig();
    const both = event('a', 1, { price: 1, stock: 1 });
    const newer = event('a', 2, { price: 2 });
    const older = event('a', 1, { price: 3 });
    await rig.publish(both, newer, older);
    await rig.clock.settle();
    const late = event('a', 0);
    await rig.publish(late);
    await rig.clock.settle();

    expect(rig.seen.settled.applied).to.deep.equal([both.event_id, newer.event_id]);
    expect(rig.seen.settled.superseded).to.deep.equal([older.event_id, late.event_id]);
    await rig.pipeline.drain();
  });

  it('holds no more than the window, and goes on when there is room', async () => {
    const rig = createRig({ window: 4, batchMax: 2 });
    const open = deferred();
    rig.faults.apply = () => open.promise;
    await rig.publish(...Array.from({ length: 10 }, (_, i) => event(`p${i}`, 1)));
    await rig.clock.settle();

    expect(rig.pipeline.status()).to.deep.include({ state: 'running', holding: 4, window: 4, lanes: 1, busy: 1 });
    expect((await rig.queue.stats()).unacked).to.equal(4);
    open.resolve();
    const drained = rig.pipeline.drain();
    await rig.clock.settle();
    expect(await drained).to.equal(0);
    expect(rig.seen.received).to.equal(10);
    expect(rig.seen.settled.applied).to.have.length(10);
  });

  it('takes lanes × batchMax × 8 at a time unless told', async () => {
    const rig = createRig({ lanes: 2, batchMax: 3 });
    expect(rig.pipeline.status().window).to.equal(48);
    await rig.pipeline.drain();
  });

  it('works in several lanes at once and never in two on a product', async () => {
    const rig = createRig({ lanes: 4, batchMax: 5 });
    const busy = new Set<string>();
    let most = 0;
    let clashes = 0;
    rig.faults.apply = async (records) => {
      for (const { product_id } of records) clashes += busy.has(product_id) ? 1 : 0;
      for (const { product_id } of records) busy.add(product_id);
      most = Math.max(most, rig.pipeline.status().busy);
      await new Promise<void>((resolve) => rig.clock.schedule(10, resolve));
      for (const { product_id } of records) busy.delete(product_id);
      return undefined;
    };
    await rig.publish(...Array.from({ length: 200 }, (_, i) => event(`p${i % 20}`, i)));
    const drained = rig.pipeline.drain();
    await rig.clock.runUntilIdle();

    expect(await drained).to.equal(0);
    expect(clashes).to.equal(0);
    expect(most).to.equal(4);
  });

  it('says when it last received, and of an update on its way that it holds it', async () => {
    const rig = createRig();
    expect(rig.pipeline.status().last_receive_ms).to.equal(null);
    await rig.clock.advance(1234);
    await rig.publish(event('a', 1));
    await rig.clock.settle();
    expect(rig.pipeline.status().last_receive_ms).to.equal(rig.clock.now());
    expect(rig.seen.settledAtMs).to.deep.equal([rig.clock.now()]);
    await rig.pipeline.drain();
  });

  it('takes a product of its own for each lane key, whatever the message says', async () => {
    const rig = createRig({ lanes: 3 });
    await rig.queue.publish([{ key: 'wrong', body: event('a', 1), headers: {} }]);
    await rig.clock.settle();
    expect(await rig.prices('a')).to.deep.equal([1]);
    await rig.pipeline.drain();
  });

  it('reports a bug in its own work, gives the batch back and settles each update once', async () => {
    let bugs = 1;
    const rig = createRig({
      random() {
        if (bugs-- > 0) throw new TypeError('a random that throws');
        return 0.5;
      },
    });
    rig.faults.apply = (records) =>
      records.some((record) => record.product_id === 'bad') ? failure('bug') : undefined;
    await rig.publish(event('a', 1), event('bad', 1), event('b', 1));
    await rig.clock.settle();
    expect(rig.seen.failed.map(({ what, error }) => [what, String(error)])).to.deep.equal([
      ['apply', 'TypeError: bug on purpose'],
      ['work', 'TypeError: a random that throws'],
    ]);
    expect(rig.seen.settled.applied).to.have.length(2);
    expect(rig.seen.settled.dead_lettered).to.deep.equal([]);
    await rig.clock.advance(10_000);
    expect(new Set(rig.seen.settled.applied)).to.have.property('size', 2);
    expect(rig.seen.settled.applied).to.have.length(2);
    expect(rig.seen.settled.superseded).to.have.length(0);
    expect(rig.seen.settled.dead_lettered).to.have.length(1);
    expect(await rig.pipeline.drain()).to.equal(0);
  });

  it('stops taking when handing on fails, which is a bug, and gives back what it holds', async () => {
    const rig = createRig();
    await rig.queue.publish([{ key: 'a', body: null as unknown as ProductEvent, headers: {} }]);
    await rig.clock.settle();
    expect(rig.seen.failed.map(({ what }) => what)).to.deep.equal(['feed']);
    expect(rig.pipeline.status().state).to.equal('draining');
    await rig.pipeline[Symbol.asyncDispose]();
    expect(await rig.queue.stats()).to.deep.include({ depth: 1, unacked: 0 });
  });

  it('ends by itself when somebody else closes the queue', async () => {
    const queue = createMemoryQueueOf();
    const rig = createRig({ queue });
    await rig.publish(event('a', 1));
    queue.close();
    await rig.clock.settle();
    expect(rig.pipeline.status().state).to.equal('draining');
    expect(await rig.pipeline.drain()).to.equal(0);
    expect(rig.pipeline.status().state).to.equal('stopped');
  });

  it('ends when the consumer says closed', async () => {
    const rig = createRig();
    await rig.clock.settle();
    rig.faults.receive = () => failure('closed');
    await rig.publish(event('a', 1));
    await rig.clock.settle();
    expect(await rig.prices('a')).to.deep.equal([1]);
    expect(rig.pipeline.status()).to.deep.include({ state: 'draining', hold: null });
    expect(await rig.pipeline.drain()).to.equal(0);
  });
});

function createMemoryQueueOf(): ReturnType<typeof createMemoryQueue<ProductEvent | Undecodable>> {
  return createMemoryQueue({ capacity: 100, clock: { now: () => 0, schedule: () => () => undefined } });
}

function deferred(): { promise: Promise<undefined>; resolve: () => void } {
  let resolve: () => void = () => undefined;
  const promise = new Promise<undefined>((done) => {
    resolve = (): void => done(undefined);
  });
  return { promise, resolve };
}
