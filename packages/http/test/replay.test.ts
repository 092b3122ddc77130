import { expect } from 'chai';
import type { ProductEvent } from '@product-updates/domain';
import { CodedError } from '@product-updates/errors';
import type { DeadLetterStore } from '@product-updates/repository';
import { buryUpdates, expectProblem, letterOf, startService, undecodable, until, type Service } from './service.ts';

describe('POST /dead-letters/replay', () => {
  let service: Service;
  beforeEach(async () => {
    service = await startService();
  });
  afterEach(() => service[Symbol.asyncDispose]());
  const bury = (count: number): Promise<ProductEvent[]> => buryUpdates(service, count);

  it('replays the oldest, as many as it is told', async () => {
    const events = await bury(5);
    const response = await service.agent.post('/dead-letters/replay?limit=3').expect(202);
    expect(response.body).to.deep.equal({ replayed: 3, failed: 0 });
    const replayed = await service.queue.receive(10);
    expect(replayed.map(({ body }) => body.event_id)).to.deep.equal(events.slice(0, 3).map(({ event_id }) => event_id));
    expect(await service.store.deadLetters.count()).to.equal(2);
  });

  it('replays a hundred unless told, and goes through many', async () => {
    await bury(250);
    expect((await service.agent.post('/dead-letters/replay').expect(202)).body).to.deep.equal({
      replayed: 100,
      failed: 0,
    });
    const rest = await service.agent.post('/dead-letters/replay?limit=10000').expect(202);
    expect(rest.body).to.deep.equal({ replayed: 150, failed: 0 });
    expect(await service.store.deadLetters.count()).to.equal(0);
  });

  it('goes on after a letter that it is told', async () => {
    const events = await bury(3);
    const response = await service.agent.post(`/dead-letters/replay?after=${events[1]?.event_id}.0`).expect(202);
    expect(response.body).to.deep.equal({ replayed: 1, failed: 0 });
  });

  it('leaves those that can never be replayed, and counts them', async () => {
    await bury(2);
    await service.store.deadLetters.add(undecodable);
    const response = await service.agent.post('/dead-letters/replay').expect(202);
    expect(response.body).to.deep.equal({ replayed: 2, failed: 1 });
    expect(await service.store.deadLetters.count()).to.equal(1);
  });

  it('ends where the queue is full, and says how far it came', async () => {
    await using small = await startService({ capacity: 2 });
    for (const event of await bury(5)) await small.store.deadLetters.add(letterOf(event));
    const response = await small.agent.post('/dead-letters/replay').expect(202);
    expect(response.body).to.deep.equal({ replayed: 2, failed: 2 });
    expect(await small.store.deadLetters.count()).to.equal(3);
    expectProblem(await small.agent.post('/dead-letters/replay'), 503, 'Queue full, try again later');
  });

  it('answers 503 where published letters could not be removed: another replay is harmless', async () => {
    const broken = await startService({
      wrap: (deps) => {
        const remove = () => Promise.reject(new CodedError('unavailable', 'away'));
        const deadLetters: DeadLetterStore = {
          ...deps.deadLetters,
          list: (page) => deps.deadLetters.list(page),
          remove,
        };
        return { ...deps, deadLetters };
      },
    });
    const [event] = await bury(1);
    await broken.store.deadLetters.add(letterOf(event as ProductEvent));
    expectProblem(await broken.agent.post('/dead-letters/replay'), 503);
    expect(await broken.store.deadLetters.count()).to.equal(1);
    await broken[Symbol.asyncDispose]();
  });

  it('counts each letter once, however many ask at the same time', async () => {
    const [first] = await bury(250);
    const responses = await Promise.all(
      [
        `/dead-letters/${first?.event_id}.0/replay`,
        `/dead-letters/${first?.event_id}.0/replay`,
        '/dead-letters/replay?limit=10000',
        '/dead-letters/replay?limit=10000',
        '/dead-letters/replay?limit=120',
      ].map((path) => service.agent.post(path)),
    );
    const counted = responses.map(({ status, body }) => {
      const { replayed } = body as { replayed?: number };
      return replayed ?? (status === 202 ? 1 : 0);
    });
    expect(counted.reduce((sum, count) => sum + count, 0)).to.equal(250);
    expect((await service.queue.stats()).depth).to.equal(250);
    expect(service.seen.replayed).to.have.length(250);
  });

  it('counts each letter once, though another process replays it at the same time', async () => {
    const waiting: (() => void)[] = [];
    const wrap: NonNullable<Parameters<typeof startService>[0]>['wrap'] = (deps) => ({
      ...deps,
      deadLetters: service.store.deadLetters,
      publisher: { publish: () => new Promise<void>((resolve) => waiting.push(resolve)) },
    });
    await using one = await startService({ wrap });
    await using other = await startService({ wrap });
    await bury(5);
    const responses = Promise.all([one, other].map(async ({ agent }) => agent.post('/dead-letters/replay')));
    await until(() => waiting.length === 2);
    for (const resolve of waiting) resolve();
    const counts = (await responses).map(({ body }) => body as { replayed: number; failed: number });
    expect(counts.reduce((sum, { replayed }) => sum + replayed, 0)).to.equal(5);
    expect(counts.map(({ failed }) => failed)).to.deep.equal([0, 0]);
    expect(one.seen.replayed.length + other.seen.replayed.length).to.equal(5);
  });

  it('says how many it removed, and how many it could not', async () => {
    await using broken = await startService({
      wrap: (deps) => ({
        ...deps,
        deadLetters: {
          ...deps.deadLetters,
          list: (page) => deps.deadLetters.list(page),
          remove: (id) =>
            id === letters[1]?.id ? Promise.reject(new CodedError('unavailable', 'away')) : deps.deadLetters.remove(id),
        },
      }),
    });
    const letters = (await bury(3)).map((event) => letterOf(event));
    for (const letter of letters) await broken.store.deadLetters.add(letter);
    const response = await broken.agent.post('/dead-letters/replay').expect(202);
    expect(response.body).to.deep.equal({ replayed: 2, failed: 1 });
    expect(await broken.store.deadLetters.count()).to.equal(1);
  });

  it('says how far it came before the store went away', async () => {
    await using broken = await startService({
      wrap: (deps) => ({
        ...deps,
        deadLetters: {
          ...deps.deadLetters,
          list: (page) =>
            page.after === undefined
              ? deps.deadLetters.list(page)
              : Promise.reject(new CodedError('unavailable', 'away')),
          remove: (id) => deps.deadLetters.remove(id),
        },
      }),
    });
    for (const event of await bury(150)) await broken.store.deadLetters.add(letterOf(event));
    const response = await broken.agent.post('/dead-letters/replay?limit=1000').expect(202);
    expect(response.body).to.deep.equal({ replayed: 100, failed: 0 });
    expectProblem(await broken.agent.post('/dead-letters/replay?after=x'), 503);
  });

  it('refuses a limit out of range', async () => {
    expectProblem(await service.agent.post('/dead-letters/replay?limit=10001'), 400);
    expectProblem(await service.agent.post('/dead-letters/replay?limit=0'), 400);
  });
});
