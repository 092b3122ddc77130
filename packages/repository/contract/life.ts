import { expect } from 'chai';
import { codeOf } from '@product-updates/errors';
import type { ProductRecord } from '@product-updates/domain';
import { outcomeOf, rejects } from '@product-updates/queue/contract';
import type { DeadLetter, Store } from '../src/index.ts';
import { both, letter, price, stock, v } from './samples.ts';
import type { StoreTest, Subject } from './subject.ts';

/** R23, R24 and R26: what the port promises beyond the products. */
export const lifeTests: readonly StoreTest[] = [
  { id: 'R23.1', title: 'after dispose every call is closed; twice is harmless', timeoutMs: 10_000, run: closed },
  { id: 'R23.2', title: 'what is under way at dispose settles', timeoutMs: 10_000, run: closedUnderWay },
  { id: 'R24.1', title: 'the highest version is that of any field, and 0 at first', timeoutMs: 10_000, run: highest },
  { id: 'R24.2', title: 'ping answers', timeoutMs: 10_000, run: pings },
  { id: 'R26', title: 'what a caller does to its objects afterwards changes nothing', timeoutMs: 10_000, run: owned },
];

async function closed(subject: Subject): Promise<void> {
  const store = await subject.open();
  await store.products.apply([price('p1', 1, 1)]);
  await store[Symbol.asyncDispose]();
  for (const [name, call] of Object.entries(everyCallOf(store))) await rejects(call(), 'closed', name);
  await store[Symbol.asyncDispose]();
}

async function closedUnderWay(subject: Subject): Promise<void> {
  const store = await subject.open();
  const calls = Object.values(everyCallOf(store)).map((call) => outcomeOf(call()));
  await Promise.all([store[Symbol.asyncDispose](), store[Symbol.asyncDispose]()]);
  for (const outcome of await Promise.all(calls)) {
    if (!outcome.ok) expect(codeOf(outcome.error), String(outcome.error)).to.equal('closed');
  }
}

/** One call of each method. */
export function everyCallOf(store: Store): Record<string, () => Promise<unknown>> {
  return {
    get: () => store.products.get('p1'),
    getMany: () => store.products.getMany(['p1', 'p2']),
    apply: () => store.products.apply([price('p1', 1, 1)]),
    'deadLetters.add': () => store.deadLetters.add(letter('l1')),
    'deadLetters.list': () => store.deadLetters.list({ limit: 10 }),
    'deadLetters.get': () => store.deadLetters.get('l1'),
    'deadLetters.remove': () => store.deadLetters.remove('l1'),
    'deadLetters.count': () => store.deadLetters.count(),
    highestVersion: () => store.highestVersion(),
    ping: () => store.ping(),
  };
}

async function highest(subject: Subject): Promise<void> {
  const store = await subject.open();
  expect(await store.highestVersion()).to.equal(0);
  await store.products.apply([price('p1', 1, 5)]);
  expect(await store.highestVersion()).to.equal(v(5));
  await store.products.apply([stock('p1', 1, 9), price('p2', 1, 7)]);
  expect(await store.highestVersion()).to.equal(v(9));
  await store.products.apply([both('p1', 2, 2, 8), both('p3', 1, 1, 6)]);
  expect(await store.highestVersion()).to.equal(v(9));
  await store.deadLetters.add(
    letter('l1', { event: { ...both('p1', 1, 1, 99), event_id: 'e', accepted_at: 1, replays: 0 } }),
  );
  expect(await store.highestVersion(), 'of products, not of letters').to.equal(v(9));
}

async function pings(subject: Subject): Promise<void> {
  const store = await subject.open();
  expect(await store.ping()).to.equal(undefined);
  expect(await store.highestVersion(), 'it writes nothing').to.equal(0);
}

async function owned(subject: Subject): Promise<void> {
  const { products, deadLetters } = await subject.open();
  for (const version of [1, 2]) {
    const update = { ...both('p1', version, 1, version), more: 'fields, such as an event has' };
    const batch: ProductRecord[] = [update];
    const changed = await products.apply(batch);
    Object.assign(update, both('p1', 99, 99, 99));
    batch.pop();
    expect(changed).to.deep.equal([both('p1', version, 1, version)]);
    expect(await products.get('p1')).to.deep.equal(both('p1', version, 1, version));
  }
  const read = await products.get('p1');
  await products.apply([both('p1', 3, 3, 3)]);
  expect(read, 'what was read stays as it was').to.deep.equal(both('p1', 2, 1, 2));

  const added = { ...letter('l1') };
  await deadLetters.add(added);
  Object.assign(added, { error: 'changed' } satisfies Partial<DeadLetter>);
  expect(await deadLetters.get('l1')).to.deep.equal(letter('l1'));
}
