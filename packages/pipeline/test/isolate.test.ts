import { expect } from 'chai';
import { createRig, failure, type Rig } from './support/rig.ts';
import { event, versionAt } from './support/events.ts';

async function publishMany(rig: Rig, count: number): Promise<string[]> {
  const events = Array.from({ length: count }, (_, i) => event(`p${i}`, 1));
  await rig.publish(...events);
  return events.map(({ event_id }) => event_id);
}

function failingFor(code: Parameters<typeof failure>[0], ...ids: string[]): Rig['faults']['apply'] {
  return (records) => (records.some((record) => ids.includes(record.product_id)) ? failure(code) : undefined);
}

describe('a batch that cannot be written whole', () => {
  it('of 500 with one poison update ends with 499 applied and one letter', async () => {
    const rig = createRig();
    rig.faults.apply = failingFor('invalid', 'p321');
    const ids = await publishMany(rig, 500);
    await rig.clock.settle();
    expect(rig.seen.settled.applied).to.have.length(499);
    expect(rig.seen.letters.map(({ reason, attempts, product_id }) => [reason, attempts, product_id])).to.deep.equal([
      ['rejected', 1, 'p321'],
    ]);
    expect(rig.seen.settled.dead_lettered).to.deep.equal([ids[321]]);
    expect(rig.seen.applies.length, 'writes').to.be.below(20);
    expect(rig.seen.retried).to.deep.equal([]);
    expect(await rig.depth()).to.equal(0);
    await rig.pipeline.drain();
  });

  it('splits a product by event for the one that is poison', async () => {
    const rig = createRig();
    rig.faults.apply = (records) =>
      records.some((record) => record.price_version === versionAt(3)) ? failure('invalid') : undefined;
    const poison = event('a', 3);
    await rig.publish(event('a', 1, { price: 1, stock: 1 }), event('a', 2), poison, event('b', 1));
    await rig.clock.settle();
    expect(await rig.prices('a', 'b')).to.deep.equal([2, 1]);
    expect(rig.seen.letters.map(({ event }) => event)).to.deep.equal([poison]);
    await rig.pipeline.drain();
  });

  it('does not see the poison that a newer update of the product covers', async () => {
    const rig = createRig();
    rig.faults.apply = (records) =>
      records.some((record) => record.price_version === versionAt(3)) ? failure('invalid') : undefined;
    const poison = event('a', 3);
    await rig.publish(poison, event('a', 4));
    await rig.clock.settle();
    expect(rig.seen.settled.superseded).to.deep.equal([poison.event_id]);
    expect(rig.seen.letters).to.deep.equal([]);
    await rig.pipeline.drain();
  });

  it('counts failures of several products each for itself', async () => {
    const rig = createRig();
    rig.faults.apply = failingFor('unavailable', 'p1', 'p2', 'p3', 'p4', 'p5', 'p6', 'p7', 'p98');
    await publishMany(rig, 100);
    await rig.clock.settle();
    expect(rig.seen.held).to.deep.equal([]);
    expect(rig.seen.retried).to.have.length(8);
    expect(rig.seen.settled.applied).to.have.length(92);
    await rig.clock.advance(600_000);
    expect(rig.seen.letters).to.deep.equal([]);
    expect(rig.pipeline.status()).to.include({ state: 'running', holding: 8 });
    rig.faults.apply = () => undefined;
    await rig.clock.advance(1000);
    expect(rig.seen.settled.applied).to.have.length(100);
    expect(await rig.pipeline.drain()).to.equal(0);
  });

  it('calls it an outage when all of several products fail alone and nothing can be written', async () => {
    const rig = createRig();
    rig.faults.apply = () => failure('unavailable');
    await publishMany(rig, 2);
    await rig.clock.settle();
    expect(rig.pipeline.status().hold?.reason).to.equal('store');
    expect(rig.seen.retried).to.deep.equal([]);
    await rig.clock.advance(600_000);
    expect(rig.seen.retried).to.deep.equal([]);
    expect(rig.seen.letters).to.deep.equal([]);
    await rig.pipeline[Symbol.asyncDispose]();
  });

  it('does not keep others from being written when it turns out that only those products fail', async () => {
    const rig = createRig();
    rig.faults.apply = failingFor('unavailable', 'p0', 'p1');
    await publishMany(rig, 2);
    await rig.clock.advance(500);
    expect(rig.pipeline.status().hold?.reason).to.equal('store');
    await rig.publish(event('good', 1));
    await rig.clock.advance(3000);
    expect(await rig.prices('good')).to.deep.equal([1]);
    await rig.clock.advance(60_000);
    expect(rig.pipeline.status()).to.deep.include({ state: 'running', holding: 2 });
    expect(rig.pipeline.status().retrying).to.include({ products: 2, error: 'unavailable on purpose' });
    expect(rig.seen.letters).to.deep.equal([]);
    rig.faults.apply = () => undefined;
    await rig.clock.advance(1000);
    expect(rig.pipeline.status()).to.deep.include({ state: 'running', holding: 0, retrying: null });
    expect(await rig.pipeline.drain()).to.equal(0);
  });

  it('counts a product that fails again after others were written since', async () => {
    const rig = createRig({ lanes: 1, batchMax: 9 });
    // Nine that fail together look like an outage; the next batch shows that it is none.
    const bad = Array.from({ length: 9 }, (_, i) => `p${i}`);
    rig.faults.apply = failingFor('unavailable', ...bad);
    await publishMany(rig, 30);
    await rig.clock.advance(10_000);
    expect(rig.seen.settled.applied).to.have.length(21);
    expect(rig.pipeline.status().retrying?.products).to.equal(9);
    expect(rig.seen.held.length, 'holds').to.be.below(4);
    rig.faults.apply = () => undefined;
    await rig.clock.advance(1000);
    expect(rig.seen.settled.applied).to.have.length(30);
    expect(rig.seen.letters).to.deep.equal([]);
    expect(await rig.pipeline.drain()).to.equal(0);
  });

  it('is soon written but for the rows that others lock, each attempt of which waits', async () => {
    const rig = createRig({ lanes: 1 });
    const LOCK_MS = 500;
    const locked = ['p17'];
    rig.faults.apply = async (records) => {
      if (!records.some(({ product_id }) => locked.includes(product_id))) return undefined;
      await new Promise<void>((resolve) => rig.clock.schedule(LOCK_MS, resolve));
      return failure('unavailable', 'canceling statement due to lock timeout');
    };
    await publishMany(rig, 500);
    // The whole batch, one of its parts, and then the others of this part.
    await rig.clock.advance(2 * LOCK_MS + 1);
    expect(rig.seen.settled.applied).to.have.length(499);
    expect(rig.seen.applies.length).to.be.below(60);
    await rig.clock.advance(LOCK_MS);
    expect(rig.pipeline.status().retrying).to.include({ products: 1 });

    // From now on it is tried by itself, and the others of its lane wait no longer than one attempt takes.
    for (let at = 2; at < 40; at += 1) {
      await rig.publish(event('p17', at), event('p18', at));
      await rig.clock.advance(2 * LOCK_MS);
      expect(await rig.prices('p17', 'p18')).to.deep.equal([undefined, at]);
    }
    expect(rig.seen.applies.every(({ ids }) => ids.length === 1 || !ids.includes('p17') || ids.length > 20)).to.equal(
      true,
    );
    expect(rig.seen.held).to.deep.equal([]);
    await rig.clock.advance(60_000);
    expect(rig.seen.letters).to.deep.equal([]);
    locked.pop();
    await rig.clock.advance(2000);
    expect(await rig.prices('p17')).to.deep.equal([39]);
    expect(rig.pipeline.status().retrying).to.equal(null);
    expect(await rig.pipeline.drain()).to.equal(0);
  });

  it('does not keep its lane for long when hundreds of its rows are locked', async () => {
    const rig = createRig({ lanes: 1, retry: { attempts: 3, baseMs: 100, maxMs: 5000 } });
    const LOCK_MS = 500;
    let isLocked = true;
    rig.faults.apply = async (records) => {
      if (!isLocked || !records.some(({ product_id }) => Number(product_id.slice(1)) % 4 === 0)) return undefined;
      await new Promise<void>((resolve) => rig.clock.schedule(LOCK_MS, resolve));
      return failure('unavailable');
    };
    await publishMany(rig, 1000);
    let slowestMs = 0;
    for (let n = 1001; n < 1030; n += 4) {
      const from = rig.clock.now();
      await rig.publish(event(`p${n}`, 1));
      while ((await rig.prices(`p${n}`))[0] !== 1) await rig.clock.advance(100);
      slowestMs = Math.max(slowestMs, rig.clock.now() - from);
    }
    expect(slowestMs).to.be.below(12 * LOCK_MS);
    // Also the neighbours of locked rows get there, while these are locked.
    while (rig.seen.settled.applied.length < 758) await rig.clock.advance(1000);
    isLocked = false;
    await rig.clock.advance(30_000);
    expect(await rig.depth()).to.equal(0);
    expect(rig.seen.letters).to.deep.equal([]);
    expect(await rig.pipeline.drain()).to.equal(0);
  });

  it('is counted as applied though the store only says unavailable after the effect', async () => {
    const rig = createRig();
    let lost = 1;
    rig.faults.applied = () => (lost-- > 0 ? failure('unavailable') : undefined);
    await publishMany(rig, 10);
    await rig.clock.settle();
    // What was written already is nobody's news the second time.
    expect(rig.seen.settled.superseded).to.have.length(10);
    expect(await rig.prices('p0', 'p9')).to.deep.equal([1, 1]);
    expect(await rig.pipeline.drain()).to.equal(0);
  });
});
