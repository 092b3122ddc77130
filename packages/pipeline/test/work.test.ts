import { createHash } from 'node:crypto';
import { expect } from 'chai';
import type { ProductEvent } from '@product-updates/domain';
import { CodedError } from '@product-updates/errors';
import { createMemoryQueue, noHeaders, type Queue, Undecodable } from '@product-updates/queue';
import { createVirtualClock } from '@product-updates/queue/contract';
import { createRig } from './support/rig.ts';
import { event, messageOf, START_MS } from './support/events.ts';

type Body = ProductEvent | Undecodable;

/** A queue whose messages were handed out so many times before, to workers that died of them. */
async function afterDeaths(deaths: number, ...events: ProductEvent[]): Promise<Queue<Body>> {
  const queue = createMemoryQueue<Body>({ capacity: 1000, clock: createVirtualClock({ startMs: START_MS }) });
  await queue.publish(events.map(messageOf));
  for (let i = 0; i < deaths; i += 1) await queue.nack(await queue.receive(1000));
  return queue;
}

describe('an update that cannot be tried', () => {
  it('because it is undecodable becomes a letter with its bytes', async () => {
    const rig = createRig();
    const bytes = new TextEncoder().encode('{"not":');
    const error = new CodedError('undecodable', 'not an event', { cause: new SyntaxError('Unexpected end') });
    await rig.queue.publish([
      { key: 'k', body: new Undecodable(bytes, error), headers: noHeaders },
      { key: 'a', body: event('a', 1), headers: noHeaders },
    ]);
    await rig.clock.settle();
    expect(await rig.prices('a')).to.deep.equal([1]);
    expect(await rig.letters()).to.deep.equal([
      {
        id: `undecodable.${createHash('sha256').update(bytes).digest('hex')}`,
        product_id: 'k',
        reason: 'undecodable',
        error: 'not an event: Unexpected end',
        attempts: 0,
        failed_at: '2026-01-01T00:00:00.000Z',
        event: null,
        bytes,
      },
    ]);
    expect(rig.seen.settled.dead_lettered).to.deep.equal(['k']);
    expect(await rig.pipeline.drain()).to.equal(0);
  });

  it('because it was handed out more than 20 times is exhausted, and not written again', async () => {
    const killer = event('killer', 1);
    const rig = createRig({ queue: await afterDeaths(20, killer) });
    await rig.publish(event('a', 1));
    await rig.clock.settle();
    expect(rig.seen.applies.map(({ ids }) => ids)).to.deep.equal([['a']]);
    expect(rig.seen.letters.map(({ reason, attempts, event }) => [reason, attempts, event])).to.deep.equal([
      ['exhausted', 20, killer],
    ]);
    expect(rig.seen.letters[0]?.error).to.match(/handed out 21 times/);
    expect(await rig.pipeline.drain()).to.equal(0);
  });

  it('is still tried the 20th time', async () => {
    const rig = createRig({ queue: await afterDeaths(19, event('a', 1)) });
    await rig.clock.settle();
    expect(await rig.prices('a')).to.deep.equal([1]);
    expect(rig.seen.letters).to.deep.equal([]);
    await rig.pipeline.drain();
  });
});

describe('updates that were handed out more than 10 times', () => {
  it('are written one by one, in random order, after the others, so that the killer dies alone', async () => {
    const randoms = [0, 0];
    const events = ['a', 'b', 'c'].map((id) => event(id, 1));
    const rig = createRig({ queue: await afterDeaths(10, ...events), random: () => randoms.shift() ?? 0.5 });
    await rig.publish(event('new', 1), event('newer', 1));
    await rig.clock.settle();
    expect(rig.seen.applies.map(({ ids }) => ids)).to.deep.equal([['new', 'newer'], ['b'], ['c'], ['a']]);
    expect(rig.seen.acks.map(({ count }) => count)).to.deep.equal([2, 1, 1, 1]);
    await rig.pipeline.drain();
  });
});
