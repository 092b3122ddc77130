import { expect } from 'chai';
import { codeOf, CodedError } from '@product-updates/errors';
import { versionOf, type ProductEvent } from '@product-updates/domain';
import { bodyOf, buryUpdates, expectProblem, letterOf, startService, undecodable, type Service } from './service.ts';

describe('/dead-letters', () => {
  let service: Service;
  beforeEach(async () => {
    service = await startService();
  });
  afterEach(() => service[Symbol.asyncDispose]());

  const bury = (count: number): Promise<ProductEvent[]> => buryUpdates(service, count);

  it('lists them in pages, oldest update first', async () => {
    const events = await bury(5);
    const first = bodyOf(await service.agent.get('/dead-letters?limit=2').expect(200));
    expect(first.items[0]).to.deep.equal({
      id: `${events[0]?.event_id}.0`,
      product_id: 'p0',
      reason: 'exhausted',
      error: 'the store would not have it',
      attempts: 5,
      failed_at: '2026-11-22T00:00:00.000Z',
      event: events[0],
    });
    expect(first.next).to.equal(`${events[1]?.event_id}.0`);
    const second = bodyOf(await service.agent.get(`/dead-letters?limit=3&after=${first.next}`).expect(200));
    expect(second.items.map(({ id }) => id)).to.deep.equal(events.slice(2).map(({ event_id }) => `${event_id}.0`));
    expect(second.next).to.equal(null);
    expect(bodyOf(await service.agent.get('/dead-letters').expect(200)).items).to.have.length(5);
  });

  it('refuses a limit out of range, given twice, or no number, and an unknown parameter', async () => {
    for (const query of [
      'limit=0',
      'limit=1001',
      'limit=-1',
      'limit=1e2',
      'limit=',
      'limit=1&limit=2',
      'after=',
      'page=2',
    ]) {
      const { errors } = expectProblem(await service.agent.get(`/dead-letters?${query}`), 400);
      expect(errors[0]?.parameter, query).to.equal(query.split('=')[0]);
    }
  });

  it('shows one, with the bytes where there is nothing else', async () => {
    const [event] = await bury(1);
    await service.store.deadLetters.add(undecodable);
    const one = await service.agent.get(`/dead-letters/${event?.event_id}.0`).expect(200);
    expect(one.body).to.deep.include({ event, bytes: null });
    const other = await service.agent.get(`/dead-letters/${undecodable.id}`).expect(200);
    expect(other.body).to.deep.include({ event: null, bytes: 'AQL/' });
    expectProblem(await service.agent.get('/dead-letters/x'), 404);
    expectProblem(await service.agent.get('/dead-letters/replay'), 404);
  });

  it('drops one', async () => {
    const [event] = await bury(1);
    const response = await service.agent.delete(`/dead-letters/${event?.event_id}.0`).expect(204);
    expect(response.text).to.equal('');
    expect(response.headers).not.to.have.property('content-type');
    expectProblem(await service.agent.delete(`/dead-letters/${event?.event_id}.0`), 404);
  });

  describe('replay of one', () => {
    it('publishes it with its original version and one replay more, then removes it', async () => {
      const [event] = await bury(1);
      const response = await service.agent.post(`/dead-letters/${event?.event_id}.0/replay`).expect(202);
      expect(response.body).to.include({ event_id: event?.event_id, replays: 1 });
      const [delivery] = await service.queue.receive(1);
      expect(delivery).to.deep.include({ key: 'p0', body: { ...event, replays: 1 } });
      expect(await service.store.deadLetters.count()).to.equal(0);
      expect(service.seen.replayed).to.deep.equal([`${event?.event_id}.0`]);
      expect(service.seen.accepted[0]?.events).to.deep.equal([{ ...event, replays: 1 }]);
    });

    it('never brings an old price back', async () => {
      const [event] = await bury(1);
      await service.agent.post('/events').send({ product_id: 'p0', price: 7 }).expect(202);
      await service.agent.post(`/dead-letters/${event?.event_id}.0/replay`).expect(202);
      await service.settle();
      expect((await service.agent.get('/products/p0')).body).to.have.property('price', 7);
    });

    it('removes exactly that letter, though the replay has failed again already', async () => {
      const [event] = await bury(1);
      const failsAtOnce = {
        publish: async (messages: readonly { body: ProductEvent }[]) => {
          for (const { body } of messages) await service.store.deadLetters.add(letterOf(body));
        },
      };
      await using racing = await startService({
        wrap: (deps) => ({ ...deps, publisher: failsAtOnce, deadLetters: service.store.deadLetters }),
      });
      await racing.agent.post(`/dead-letters/${event?.event_id}.0/replay`).expect(202);
      const [left] = await service.store.deadLetters.list({ limit: 10 });
      expect(left?.id).to.equal(`${event?.event_id}.1`);
    });

    it('answers 409 where there is nothing to publish, and keeps the letter', async () => {
      await service.store.deadLetters.add(undecodable);
      expectProblem(await service.agent.post(`/dead-letters/${undecodable.id}/replay`), 409);
      expect(await service.store.deadLetters.count()).to.equal(1);
    });

    it('answers 409 to a version that would freeze the product', async () => {
      const [event] = await bury(1);
      const ahead = versionOf(service.clock.now() + 3_600_000);
      await service.store.deadLetters.add(letterOf({ ...(event as ProductEvent), price_version: ahead }));
      expectProblem(await service.agent.post(`/dead-letters/${event?.event_id}.0/replay`), 409, /future/);
      expect(await service.store.deadLetters.count()).to.equal(1);
    });

    it('answers 404 to an unknown one', async () =>
      expectProblem(await service.agent.post('/dead-letters/x/replay'), 404));

    it('answers 503 where the queue does not take it, and keeps the letter', async () => {
      for (const code of ['full', 'unavailable', 'closed'] as const) {
        const publisher = { publish: () => Promise.reject(new CodedError(code, 'no')) };
        await using broken = await startService({ wrap: (deps) => ({ ...deps, publisher }) });
        const [event] = await bury(1);
        await broken.store.deadLetters.add(letterOf(event as ProductEvent));
        expectProblem(await broken.agent.post(`/dead-letters/${event?.event_id}.0/replay`), 503);
        expect(broken.seen.unavailable.map(({ error }) => codeOf(error))).to.deep.equal([code]);
        expect(await broken.store.deadLetters.count()).to.equal(1);
      }
    });

    it('answers 500 to a publisher with a bug, and keeps the letter', async () => {
      const publisher = { publish: () => Promise.reject(new TypeError('bug')) };
      const broken = await startService({ wrap: (deps) => ({ ...deps, publisher }) });
      const [event] = await bury(1);
      await broken.store.deadLetters.add(letterOf(event as ProductEvent));
      expectProblem(await broken.agent.post(`/dead-letters/${event?.event_id}.0/replay`), 500);
      expect(broken.seen.failed.splice(0)[0]?.what).to.equal('POST /dead-letters/{id}/replay');
      expect(await broken.store.deadLetters.count()).to.equal(1);
      await broken[Symbol.asyncDispose]();
    });

    it('takes no body but an empty one or {}', async () => {
      const events = await bury(3);
      const replay = (index: number) => service.agent.post(`/dead-letters/${events[index]?.event_id}.0/replay`);
      await replay(0).send({}).expect(202);
      await replay(1).set('content-length', '0').set('content-type', 'text/plain').expect(202);
      expectProblem(await replay(2).send({ limit: 1 }), 400);
      expectProblem(await replay(2).send([]), 400);
      expectProblem(await replay(2).set('content-type', 'application/json').send('{'), 400);
      expectProblem(await replay(2).set('content-type', 'text/plain').send('x'), 415);
      expectProblem(await replay(2).set('content-encoding', 'compress').send({}), 415);
      expectProblem(await replay(2).send({ x: 'y'.repeat(2000) }), 413);
      expect(await service.store.deadLetters.count()).to.equal(1);
    });
  });
});
