import { expect } from 'chai';
import { coalesce } from '@product-updates/domain';
import { codeOf } from '@product-updates/errors';
import { systemClock } from '@product-updates/queue';
import { createMemoryStore, DEAD_LETTER_MAX, openMemoryStore } from '@product-updates/repository';
import { rejects } from '@product-updates/queue/contract';
import { both, letter, price, stock } from '../contract/samples.ts';

const context = { deadLetterMax: 2, clock: systemClock };

describe('openMemoryStore', () => {
  it('opens a store of its own each time, that says it is not durable', async () => {
    const opened = await openMemoryStore(new URL('memory:'), context);
    const other = await openMemoryStore(new URL('memory:'), context);
    expect(opened).to.include({ durability: 'none', description: 'memory' });
    await opened.store.products.apply([price('p1', 1, 1)]);
    expect(await other.store.products.get('p1')).to.equal(undefined);
  });

  it('passes on the bound of dead letters', async () => {
    const { store } = await openMemoryStore(new URL('memory:'), context);
    await store.deadLetters.add(letter('a'));
    await store.deadLetters.add(letter('b'));
    const error = await rejects(store.deadLetters.add(letter('c')), 'full', 'the third');
    expect(error.message).to.equal('the store holds 2 dead letters, its bound');
  });

  for (const url of ['memory:?capacity=5', 'memory:?', 'memory:data', 'memory://host', 'memory:#x']) {
    it(`${url === 'memory:?' ? 'takes' : 'refuses'} ${url}`, async () => {
      const opened = openMemoryStore(new URL(url), context);
      if (url === 'memory:?') await opened;
      else await rejects(opened, 'misconfigured', url);
    });
  }
});

describe('createMemoryStore', () => {
  it('answers in the same turn', async () => {
    const { products } = createMemoryStore();
    const seen: unknown[] = [];
    const reading = products.apply([price('p1', 1, 1)]).then(async () => seen.push(await products.get('p1')));
    queueMicrotask(() => queueMicrotask(() => queueMicrotask(() => queueMicrotask(() => seen.push('later')))));
    await reading;
    expect(seen[0]).to.deep.equal(price('p1', 1, 1));
  });

  it('takes many updates of one product in one batch, in any order', async () => {
    const updates = [price('p1', 1, 1), stock('p1', 5, 4), both('p1', 9, 9, 2), price('p1', 2, 3)];
    const { products } = createMemoryStore();
    await products.apply(updates);
    expect(await products.get('p1')).to.deep.equal(coalesce(updates).get('p1'));
  });

  it('keeps the record and not the event that it came with', async () => {
    const { products } = createMemoryStore();
    const event = { ...price('p1', 1, 1), event_id: 'e1', accepted_at: 1, replays: 0 };
    const [changed] = await products.apply([event]);
    expect(changed).to.deep.equal(price('p1', 1, 1));
    await products.apply([{ ...event, ...price('p1', 2, 2) }]);
    expect(await products.get('p1')).to.deep.equal(price('p1', 2, 2));
  });

  it('holds 100,000 dead letters unless told, and stays quick at its bound', async () => {
    const { deadLetters } = createMemoryStore();
    const id = (i: number): string => String((i * 7919) % DEAD_LETTER_MAX).padStart(6, '0');
    for (let i = 0; i < DEAD_LETTER_MAX; i++) await deadLetters.add(letter(id(i), { event: null }));
    const refused = await deadLetters.add(letter('x')).catch(codeOf);
    expect(refused).to.equal('full');
    const page = await deadLetters.list({ limit: 2, after: '049999' });
    expect(page.map((each) => each.id)).to.deep.equal(['050000', '050001']);
    let oldest = await deadLetters.list({ limit: 1000 });
    for (; oldest.length > 0; oldest = await deadLetters.list({ limit: 1000 })) {
      for (const each of oldest) await deadLetters.remove(each.id);
    }
    expect(await deadLetters.count()).to.equal(0);
  }).timeout(20_000);

  it('lets go of everything when it is disposed', async () => {
    const store = createMemoryStore();
    await store.products.apply([price('p1', 1, 1)]);
    await store.deadLetters.add(letter('a'));
    await store[Symbol.asyncDispose]();
    await rejects(store.products.get('p1'), 'closed', 'get');
    await rejects(store.deadLetters.count(), 'closed', 'count');
  });
});
