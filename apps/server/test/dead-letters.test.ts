import { CodedError } from '@product-updates/errors';
import { expect } from 'chai';
import { operate, POISON, refusePoison, type Operated } from './operated.ts';

describe('a dead letter', function () {
  this.timeout(20_000);
  let on: Operated;
  afterEach(() => on.stop());

  it('is all that one poison update in a batch of 500 leaves: the other 499 are applied', async () => {
    on = await operate();
    refusePoison(on.store);
    const updates = Array.from({ length: 500 }, (_, n) => ({ product_id: `p${n}`, price: n === 321 ? POISON : n }));
    const eventIds = await on.post(updates);
    const told = await on.settled();
    expect(told.of('events_settled_total{outcome="applied"}')).to.equal(499);
    expect(told.of('events_settled_total{outcome="dead_lettered"}')).to.equal(1);
    expect(told.of('dead_letters')).to.equal(1);
    const [letter, ...others] = await on.letters();
    expect(others).to.deep.equal([]);
    expect(letter).to.deep.include({ product_id: 'p321', reason: 'rejected', id: `${eventIds[321]}.0` });
    expect(letter?.error).to.equal('value violates check constraint "products_price"');
    for (const [n, event_id] of eventIds.entries()) {
      expect(await on.fate(`p${n}`, event_id)).to.equal(n === 321 ? 'dead_lettered' : 'applied');
    }
    const line = on.told().find(({ msg }) => msg === 'dead letter');
    expect(line).to.include({ level: 'warn', letter_id: letter?.id, product_id: 'p321', outcome: 'dead_lettered' });
    expect(line).to.include({ event_id: eventIds[321], reason: 'rejected', attempt: 1 });
  });

  it('is applied by its replay once the cause is mended, and gone', async () => {
    on = await operate();
    refusePoison(on.store);
    const [event_id] = await on.post([{ product_id: 'p1', price: POISON }]);
    await on.settled();
    expect(await on.fate('p1', event_id)).to.equal('dead_lettered');
    on.store.mend();
    await on.replay(`${event_id}.0`);
    const told = await on.settled();
    expect(await on.letters()).to.deep.equal([]);
    expect(await on.fate('p1', event_id)).to.equal('applied');
    expect(await on.price('p1')).to.equal(POISON);
    expect(told.of('events_accepted_total')).to.equal(2);
    expect(told.of('dead_letters')).to.equal(0);
    expect((await on.request(`/dead-letters/${event_id}.0`)).status).to.equal(404);
  });

  it('is superseded by its replay where the product has a newer price: an old one never comes back', async () => {
    on = await operate();
    refusePoison(on.store);
    const [event_id] = await on.post([{ product_id: 'p1', price: POISON }]);
    await on.settled();
    const [newer] = await on.post([{ product_id: 'p1', price: 7 }]);
    await on.settled();
    expect(await on.fate('p1', event_id)).to.equal('dead_lettered');
    on.store.mend();
    await on.replay(`${event_id}.0`);
    const told = await on.settled();
    expect(told.of('events_settled_total{outcome="superseded"}')).to.equal(1);
    expect(await on.fate('p1', event_id)).to.equal('superseded');
    expect(await on.fate('p1', newer)).to.equal('applied');
    expect(await on.price('p1')).to.equal(7);
    expect(await on.letters()).to.deep.equal([]);
  });

  it('whose replay fails again is a new letter, and its fate is never told as anything else', async () => {
    on = await operate();
    refusePoison(on.store);
    const [event_id = ''] = await on.post([{ product_id: 'p1', price: POISON }]);
    await on.settled();
    for (let replays = 0; replays < 20; replays += 1) {
      await on.replay(`${event_id}.${replays}`);
      // On its way again it is `pending`.
      expect(await on.fate('p1', event_id)).to.be.oneOf(['pending', 'dead_lettered']);
      await on.settled();
      expect(await on.fate('p1', event_id)).to.equal('dead_lettered');
      const now = await on.letters();
      expect(now.map(({ id }) => id)).to.deep.equal([`${event_id}.${replays + 1}`]);
      expect(now[0]?.event).to.include({ event_id, price: POISON, replays: replays + 1 });
    }
  });

  it('of many is lost by no replay, whether they fail again or not, while others replay the same', async () => {
    on = await operate();
    refusePoison(on.store);
    const ids = Array.from({ length: 300 }, (_, n) => `p${n}`);
    const eventIds = await on.post(ids.map((product_id) => ({ product_id, price: POISON })));
    await on.settled();
    const replayAll = (): ReturnType<Operated['request']> => on.request('/dead-letters/replay?limit=300', 'POST');
    for (let round = 0; round < 5; round += 1) {
      const answers = await Promise.all([replayAll(), replayAll(), replayAll()]);
      for (const { status, body } of answers) expect(status, body).to.equal(202);
      await on.settled();
      // Two replays of one at the same time fail as one, or one after the other.
      const left = (await on.letters(1000)).map(({ event }) => event.event_id);
      expect(new Set(left)).to.deep.equal(new Set(eventIds));
    }
    on.store.mend();
    while ((await on.letters()).length > 0) await replayAll();
    await on.settled();
    for (const [n, product_id] of ids.entries()) {
      expect(await on.fate(product_id, eventIds[n])).to.equal('applied');
      expect(await on.price(product_id)).to.equal(POISON);
    }
  });

  it('of one product that always fails comes after RETRY_ATTEMPTS, and keeps nobody waiting', async () => {
    on = await operate({ RETRY_ATTEMPTS: '3', LOG_LEVEL: 'debug' });
    on.store.refusal = ({ product_id }) => (product_id === 'bad' ? new TypeError('rows is not iterable') : undefined);
    const eventIds = await on.post([
      { product_id: 'bad', price: 1 },
      ...Array.from({ length: 99 }, (_, n) => ({ product_id: `p${n}`, price: n })),
    ]);
    while ((await on.metrics()).of('events_settled_total{outcome="applied"}') < 99);
    const told = await on.settled();
    expect(told.of('retries_total{reason="bug"}')).to.equal(2);
    const [letter] = await on.letters();
    expect(letter).to.deep.include({
      product_id: 'bad',
      reason: 'exhausted',
      attempts: 3,
      error: 'rows is not iterable',
    });
    expect(await on.fate('bad', eventIds[0])).to.equal('dead_lettered');
    const log = on.told();
    const retries = log.filter(({ msg }) => msg === 'retry');
    expect(retries.map(({ attempt }) => attempt)).to.deep.equal([1, 2]);
    expect(retries[0]).to.include({ level: 'debug', product_id: 'bad', event_id: eventIds[0], reason: 'bug' });
    // A bug has its place told.
    expect(log.find(({ level }) => level === 'error')?.['stack']).to.match(/dead-letters\.test/);
  });

  it('does not die with a poison successor: the good older update is applied', async () => {
    on = await operate({ RETRY_ATTEMPTS: '2' });
    on.store.outage = new CodedError('unavailable', 'gone');
    const [good, poison] = await on.post([
      { product_id: 'a', price: 1 },
      { product_id: 'a', price: POISON },
    ]);
    await on.held();
    refusePoison(on.store);
    on.store.outage = undefined;
    await on.settled();
    expect(await on.price('a')).to.equal(1);
    expect(await on.fate('a', good)).to.equal('applied');
    expect(await on.fate('a', poison)).to.equal('dead_lettered');
  });
});
