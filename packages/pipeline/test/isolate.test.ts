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
    expect(rig.seen.pings, 'an invalid update says nothing about the store').to.deep.equal([]);
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
    await rig.clock.advance(60_000);
    expect(rig.seen.letters).to.have.length(8);
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
    expect(rig.pipeline.status()).to.deep.include({ state: 'running', holding: 0 });
    expect(rig.seen.letters.map(({ product_id }) => product_id)).to.have.members(['p0', 'p1']);
    expect(await rig.pipeline.drain()).to.equal(0);
  });

  it('counts a product that fails again after others were written since', async () => {
    const rig = createRig({ lanes: 1, batchMax: 9 });
    // Nine that fail together look like an outage; the next batch shows that it is none.
    const bad = Array.from({ length: 9 }, (_, i) => `p${i}`);
    rig.faults.apply = failingFor('unavailable', ...bad);
    await publishMany(rig, 30);
    await rig.clock.advance(120_000);
    expect(rig.seen.settled.applied).to.have.length(21);
    expect(rig.seen.letters.map(({ product_id }) => product_id)).to.have.members(bad);
    expect(rig.seen.held.length, 'holds').to.be.below(4);
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
