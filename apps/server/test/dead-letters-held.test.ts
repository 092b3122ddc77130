import { CodedError } from '@product-updates/errors';
import { expect } from 'chai';
import { operate, POISON, refusePoison, type Operated } from './operated.ts';

describe('a dead letter that cannot be written', function () {
  this.timeout(20_000);
  let on: Operated;
  afterEach(() => on.stop());

  it('because there are DEAD_LETTER_MAX holds the pipeline: nothing is evicted, and room lets it go on', async () => {
    on = await operate({ DEAD_LETTER_MAX: '1' });
    refusePoison(on.store);
    const [first] = await on.post([{ product_id: 'a', price: POISON }]);
    await on.settled();
    const [second] = await on.post([{ product_id: 'b', price: POISON }]);
    expect(await on.held()).to.deep.equal({
      held_by: 'dead_letters',
      error: 'the store holds 1 dead letters, its bound',
    });
    const [third] = await on.post([{ product_id: 'c', price: 3 }]);
    const queue = await on.get<{ state: string; hold: object; depth: number }>('/queue');
    expect(queue).to.include({ state: 'held', depth: 2 });
    expect(queue.hold).to.include({ reason: 'dead_letters' });
    expect((await on.letters()).map(({ id }) => id)).to.deep.equal([`${first}.0`]);
    expect(await on.fate('a', first)).to.equal('dead_lettered');
    expect(await on.fate('b', second)).to.equal('pending');
    expect(await on.fate('c', third)).to.equal('pending');
    expect((await on.metrics()).of('store_up')).to.equal(1);

    expect((await on.request(`/dead-letters/${first}.0`, 'DELETE')).status).to.equal(204);
    await on.settled();
    expect((await on.request('/readyz')).status).to.equal(200);
    expect((await on.letters()).map(({ id }) => id)).to.deep.equal([`${second}.0`]);
    expect(await on.fate('b', second)).to.equal('dead_lettered');
    expect(await on.fate('c', third)).to.equal('applied');
    // Dropped by a person, and nothing of it or newer is visible.
    expect(await on.fate('a', first)).to.equal('pending');
    const told = on.told();
    expect(told.find(({ msg }) => msg === 'held')).to.include({ level: 'warn', reason: 'dead_letters' });
    expect(told.find(({ msg }) => msg === 'released')).to.include({ level: 'info', reason: 'dead_letters' });
  });

  it('goes in when another is replayed at the bound', async () => {
    on = await operate({ DEAD_LETTER_MAX: '1' });
    refusePoison(on.store);
    const [first] = await on.post([{ product_id: 'a', price: POISON }]);
    await on.settled();
    const [second] = await on.post([{ product_id: 'b', price: POISON }]);
    await on.held();
    on.store.mend();
    await on.replay(`${first}.0`);
    await on.settled();
    expect((await on.letters()).map(({ id }) => id)).to.deep.equal([`${second}.0`]);
    expect(await on.fate('a', first)).to.equal('applied');
  });

  it('waits for a deletion where the queue is full as well: then it takes no replay, and nothing is lost', async () => {
    on = await operate({ DEAD_LETTER_MAX: '1', QUEUE_URL: 'memory:?capacity=2' });
    refusePoison(on.store);
    const [first] = await on.post([{ product_id: 'a', price: POISON }]);
    await on.settled();
    const [second] = await on.post([{ product_id: 'b', price: POISON }]);
    await on.held();
    const [third] = await on.post([{ product_id: 'c', price: 3 }]);
    on.store.mend();
    for (const path of [`/dead-letters/${first}.0/replay`, '/dead-letters/replay']) {
      const { status, headers, body } = await on.request(path, 'POST');
      expect(status, body).to.equal(503);
      expect(headers['retry-after']).to.equal('1');
    }
    expect((await on.letters()).map(({ id }) => id)).to.deep.equal([`${first}.0`]);
    expect((await on.request(`/dead-letters/${first}.0`, 'DELETE')).status).to.equal(204);
    await on.settled();
    expect((await on.letters()).map(({ id }) => id)).to.deep.equal([`${second}.0`]);
    expect(await on.fate('c', third)).to.equal('applied');
  });

  it('because the dead letters are out of reach waits, while everything else is well', async () => {
    on = await operate();
    refusePoison(on.store);
    on.store.sinkFault = new CodedError('unavailable', 'no answer', { cause: new Error('password=hunter2') });
    const [event_id] = await on.post([{ product_id: 'a', price: POISON }]);
    expect(await on.held()).to.deep.equal({ held_by: 'dead_letters', error: 'no answer: password=***' });
    expect(await on.fate('a', event_id)).to.equal('pending');
    on.store.sinkFault = undefined;
    await on.settled();
    expect(await on.fate('a', event_id)).to.equal('dead_lettered');
    expect((await on.metrics()).sum('retries_total')).to.equal(0);
  });
});
