import { expect } from 'chai';
import type { ProductRecord } from '@product-updates/domain';
import { createRig, failure, type Rig } from './support/rig.ts';
import { event, versionAt } from './support/events.ts';

const retry = { attempts: 3, baseMs: 100, maxMs: 1000 };

/** Fails where a record of that product takes part. */
function failing(product_id: string, code: Parameters<typeof failure>[0]): Rig['faults']['apply'] {
  return (records) => (records.some((record) => record.product_id === product_id) ? failure(code) : undefined);
}

function hasPrice(records: readonly ProductRecord[], at: number): boolean {
  return records.some((record) => record.price_version === versionAt(at));
}

describe('one product that fails', () => {
  it('waits while others flow, then is dead-lettered as exhausted', async () => {
    const code = 'bug';
    const rig = createRig({ retry });
    rig.faults.apply = failing('bad', code);
    const bad = event('bad', 1);
    await rig.publish(event('a', 1), bad, event('b', 1), event('c', 1));
    await rig.clock.settle();
    expect(await rig.prices('a', 'b', 'c', 'bad')).to.deep.equal([1, 1, 1, undefined]);
    expect(rig.seen.retried).to.deep.equal([
      { ids: [bad.event_id], reason: code, attempt: 1, delayMs: 50, error: `${code} on purpose` },
    ]);
    expect(rig.seen.held).to.deep.equal([]);

    await rig.clock.advance(10);
    await rig.publish(event('a', 2));
    await rig.clock.settle();
    expect(await rig.prices('a')).to.deep.equal([2]);

    await rig.clock.advance(40);
    expect(rig.seen.retried.map(({ attempt, delayMs }) => [attempt, delayMs])).to.deep.equal([
      [1, 50],
      [2, 100],
    ]);
    await rig.clock.advance(100);
    expect(rig.seen.letters).to.have.length(1);
    expect(rig.seen.letters[0]).to.deep.equal({
      id: `${bad.event_id}.0`,
      product_id: 'bad',
      reason: 'exhausted',
      error: `${code} on purpose`,
      attempts: 3,
      failed_at: new Date(rig.clock.now()).toISOString(),
      event: bad,
      bytes: null,
    });
    expect(await rig.letters()).to.deep.equal(rig.seen.letters);
    expect(rig.seen.settled.dead_lettered).to.deep.equal([bad.event_id]);
    expect(rig.seen.failed.length).to.equal(3);
    expect(await rig.pipeline.drain()).to.equal(0);
  });

  it('because it is busy waits for as long as it takes, seen in the status, and is never dead-lettered', async () => {
    const rig = createRig({ retry });
    rig.faults.apply = failing('bad', 'unavailable');
    await rig.publish(event('a', 1), event('bad', 1), event('b', 1));
    await rig.clock.settle();
    const sinceMs = rig.clock.now();
    await rig.clock.advance(600_000);
    expect(await rig.prices('a', 'b', 'bad')).to.deep.equal([1, 1, undefined]);
    expect(rig.seen.retried.length).to.be.above(100);
    expect(new Set(rig.seen.retried.map(({ reason }) => reason))).to.deep.equal(new Set(['unavailable']));
    expect(Math.max(...rig.seen.retried.map(({ delayMs }) => delayMs))).to.equal(500);
    expect(rig.pipeline.status()).to.deep.include({ state: 'running', hold: null });
    expect(rig.pipeline.status().retrying).to.deep.equal({
      products: 1,
      since_ms: sinceMs,
      error: 'unavailable on purpose',
    });
    expect(rig.seen.letters).to.deep.equal([]);
    rig.faults.apply = () => undefined;
    await rig.clock.advance(1000);
    expect(await rig.prices('bad')).to.deep.equal([1]);
    expect(rig.pipeline.status().retrying).to.equal(null);
    expect(await rig.pipeline.drain()).to.equal(0);
  });

  it('is not charged for having been busy, but for what nobody expected', async () => {
    const rig = createRig({ retry });
    rig.faults.apply = failing('bad', 'unavailable');
    await rig.publish(event('bad', 1));
    await rig.clock.advance(60_000);
    const busy = rig.seen.retried.length;
    rig.faults.apply = failing('bad', 'bug');
    await rig.clock.advance(60_000);
    expect(rig.seen.retried.length - busy).to.equal(2);
    expect(rig.seen.letters.map(({ reason, attempts }) => [reason, attempts])).to.deep.equal([['exhausted', busy + 3]]);
    expect(await rig.pipeline.drain()).to.equal(0);
  });

  it('becomes no letter when it turns busy in the middle of the splitting', async () => {
    const rig = createRig({ retry: { attempts: 1, baseMs: 1, maxMs: 1 } });
    let calls = 0;
    rig.faults.apply = (records) => {
      calls += 1;
      if (hasPrice(records, 5)) return failure('bug');
      return calls > 2 ? failure('unavailable') : undefined;
    };
    await rig.publish(event('p', 1), event('p', 5), event('p', 2, { stock: 1 }));
    await rig.clock.advance(30_000);
    expect(rig.seen.letters).to.deep.equal([]);
    rig.faults.apply = (records) => (hasPrice(records, 5) ? failure('bug') : undefined);
    await rig.clock.advance(30_000);
    expect(rig.seen.letters.map(({ event }) => event?.price)).to.deep.equal([5]);
    expect(await rig.store.products.get('p')).to.deep.include({ price: 1, stock: 1 });
    expect(await rig.pipeline.drain()).to.equal(0);
  });

  it('waits as long as the policy says, at most its cap, all of it random', async () => {
    for (const [random, delays] of [
      [0, [0, 0, 0, 0, 0]],
      [0.999, [100, 200, 400, 500, 500]],
    ] as const) {
      const rig = createRig({ retry: { attempts: 6, baseMs: 100, maxMs: 500 }, random: () => random });
      rig.faults.apply = failing('bad', 'bug');
      await rig.publish(event('bad', 1));
      await rig.clock.advance(60_000);
      expect(rig.seen.retried.map(({ delayMs }) => delayMs)).to.deep.equal(delays);
      expect(rig.seen.letters).to.have.length(1);
      await rig.pipeline.drain();
    }
  });

  it('is joined by its newer updates, and applied with them when it recovers', async () => {
    const rig = createRig({ retry });
    rig.faults.apply = failing('bad', 'unavailable');
    await rig.publish(event('bad', 1));
    await rig.clock.settle();
    const before = rig.seen.applies.length;
    await rig.publish(event('bad', 3), event('bad', 2, { stock: 7 }));
    await rig.clock.settle();
    expect(rig.seen.applies, 'the newer ones wait too').to.have.length(before);
    rig.faults.apply = () => undefined;
    await rig.clock.advance(50);
    expect(await rig.store.products.get('bad')).to.deep.include({ price: 3, stock: 7 });
    expect(rig.seen.applies.at(-1)?.ids).to.deep.equal(['bad']);
    expect(await rig.pipeline.drain()).to.equal(0);
  });

  it('starts to count anew after a success', async () => {
    const rig = createRig({ retry });
    for (let round = 1; round <= 4; round += 1) {
      rig.faults.apply = failing('bad', 'bug');
      await rig.publish(event('bad', round));
      await rig.clock.settle();
      rig.faults.apply = () => undefined;
      await rig.clock.advance(1000);
    }
    expect(rig.seen.retried.map(({ attempt }) => attempt)).to.deep.equal([1, 1, 1, 1]);
    expect(rig.seen.letters).to.deep.equal([]);
    await rig.pipeline.drain();
  });

  it('is split by event at last, so that good older updates do not die with a poison successor', async () => {
    for (const code of ['bug'] as const) {
      const rig = createRig({ retry });
      rig.faults.apply = (records) => (hasPrice(records, 5) ? failure(code) : undefined);
      const good = [1, 2, 3, 4].map((at) => event('p', at, { price: at, stock: at }));
      const poison = event('p', 5);
      await rig.publish(...good, poison);
      await rig.clock.advance(10_000);
      expect(await rig.store.products.get('p')).to.deep.include({ price: 4, stock: 4 });
      expect(rig.seen.letters.map(({ reason, event, attempts }) => [reason, event, attempts])).to.deep.equal([
        ['exhausted', poison, 3],
      ]);
      expect(rig.seen.settled.dead_lettered).to.deep.equal([poison.event_id]);
      expect(rig.seen.settled.applied.length + rig.seen.settled.superseded.length).to.equal(4);
      expect(await rig.pipeline.drain()).to.equal(0);
    }
  });

  it('is not counted twice for an outage in the middle of the splitting', async () => {
    const rig = createRig({ retry });
    rig.faults.apply = (records) => (hasPrice(records, 5) ? failure('bug') : undefined);
    await rig.publish(event('p', 1), event('p', 2, { stock: 2 }), event('p', 5));
    await rig.clock.advance(149);
    expect(rig.seen.retried).to.have.length(2);

    let calls = 0;
    rig.faults.apply = (records) => {
      calls += 1;
      if (calls > 1) return failure('unavailable');
      return hasPrice(records, 5) ? failure('bug') : undefined;
    };
    rig.faults.ping = () => failure('unavailable');
    await rig.clock.advance(60_000);
    expect(rig.pipeline.status().hold?.reason).to.equal('store');
    expect(rig.seen.letters).to.deep.equal([]);

    rig.faults.ping = () => undefined;
    rig.faults.apply = (records) => (hasPrice(records, 5) ? failure('bug') : undefined);
    await rig.clock.advance(60_000);
    expect(rig.seen.retried).to.have.length(2);
    expect(rig.seen.letters.map(({ attempts, event }) => [attempts, event?.price])).to.deep.equal([[3, 5]]);
    expect(await rig.store.products.get('p')).to.deep.include({ price: 1, stock: 2 });
    expect(await rig.pipeline.drain()).to.equal(0);
  });

  it('gives back what it could not try when the store stops taking anything while it splits', async () => {
    const rig = createRig({ retry: { attempts: 1, baseMs: 1, maxMs: 1 } });
    let calls = 0;
    rig.faults.apply = () => {
      calls += 1;
      return failure(calls === 1 ? 'bug' : 'unavailable');
    };
    let pings = 0;
    rig.faults.ping = () => (pings++ === 0 ? failure('unavailable') : undefined);
    await rig.publish(event('p', 1), event('p', 2), event('p', 3));
    await rig.clock.advance(30_000);
    expect(rig.seen.letters).to.deep.equal([]);
    expect(rig.pipeline.status().hold?.reason).to.equal('store');
    rig.faults.apply = () => undefined;
    await rig.clock.advance(2000);
    expect(await rig.prices('p')).to.deep.equal([3]);
    expect(await rig.pipeline.drain()).to.equal(0);
  });

  it('that is invalid in part and fails otherwise in part is split at once and retried for the rest', async () => {
    const rig = createRig({ retry });
    rig.faults.apply = (records) => {
      if (hasPrice(records, 5)) return failure('invalid');
      return hasPrice(records, 2) ? failure('bug') : undefined;
    };
    await rig.publish(event('p', 1, { stock: 1 }), event('p', 2), event('p', 5));
    await rig.clock.settle();
    expect(rig.seen.letters.map(({ reason, attempts }) => [reason, attempts])).to.deep.equal([['rejected', 1]]);
    expect(rig.seen.retried.map(({ attempt, ids }) => [attempt, ids.length])).to.deep.equal([[1, 1]]);
    await rig.clock.advance(10_000);
    expect(rig.seen.letters.map(({ reason, attempts }) => [reason, attempts])).to.deep.equal([
      ['rejected', 1],
      ['exhausted', 3],
    ]);
    expect(await rig.store.products.get('p')).to.deep.include({ price: null, stock: 1 });
    expect(await rig.pipeline.drain()).to.equal(0);
  });
});
