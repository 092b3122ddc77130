import { setImmediate as turn } from 'node:timers/promises';
import { expect } from 'chai';
import { eventually, inTime, outcomeOf, rejects } from '@product-updates/queue/contract';
import type { Store } from '../src/index.ts';
import { both } from './samples.ts';
import type { StoreTest, Subject } from './subject.ts';

/** R27 and R29: a server that takes no writes for a while, and a product that somebody else holds. */
export const failoverTests: readonly StoreTest[] = [
  {
    id: 'R27.1',
    title: 'sessions became read-only: idle or under load, it writes again soon after the mending',
    timeoutMs: 60_000,
    run: (subject) => failsOver(subject, 'readOnly'),
  },
  {
    id: 'R27.2',
    title: 'a failover to a replica and back: no stale reads, and it writes again soon after the mending',
    timeoutMs: 60_000,
    run: (subject) => failsOver(subject, 'replica'),
  },
  {
    id: 'R29',
    title:
      'a product that somebody else holds is unavailable in time; others flow, and it is written after the release',
    timeoutMs: 60_000,
    run: locked,
  },
];

async function failsOver(subject: Subject, fault: 'readOnly' | 'replica'): Promise<void> {
  const failover = subject.fault('failover');
  const { recoveryMs } = subject.declared;
  const [idle, busy] = await subject.openMany(2, { timeoutMs: 5000 });
  if (idle === undefined || busy === undefined) throw new Error('two stores are due');
  let version = 1;
  await idle.products.apply([both('p', 1, 1, version)]);
  await busy.products.getMany(['p']);

  await failover[fault]();
  await using _load = keepAsking(busy);
  for (const store of [idle, busy]) {
    // The first call may meet a session that was ended.
    for (let i = 0; i < 3; i++) await rejects(store.products.apply([both('p', 2, 2, 2)]), 'unavailable', 'apply');
    await rejects(store.ping(), 'unavailable', 'ping');
    await rejects(store.deadLetters.remove('l1'), 'unavailable', 'a write of letters');
    // Sessions for reads, too, come from this time.
    await outcomeOf(Promise.all(Array.from({ length: 5 }, () => store.products.getMany(['p']))));
  }

  await failover.primary();
  for (const store of [idle, busy]) {
    const update = both('p', ++version, version, version);
    await eventually(recoveryMs, () => store.ping());
    await eventually(recoveryMs, () => store.products.apply([update]));
    for (const reader of [idle, busy]) {
      const read = await eventually(recoveryMs, () => reader.products.getMany(['p', 'p']));
      expect(read, 'not what a replica held').to.deep.equal([update, update]);
    }
  }
}

/** Reads and writes all the time, whatever comes of it. */
function keepAsking(store: Store): AsyncDisposable {
  let isOver = false;
  async function ask(): Promise<void> {
    while (!isOver) {
      await outcomeOf(Promise.all([store.products.get('p'), store.products.apply([both('load', 1, 1, 1)])]));
      await turn(); // a store may refuse without asking its server
    }
  }
  const asking = ask();
  return {
    async [Symbol.asyncDispose]() {
      isOver = true;
      await asking;
    },
  };
}

/** Far below the time-out of the test's store: it does not wait as long as for an answer. */
const LOCK_LIMIT_MS = 10_000;

async function locked(subject: Subject): Promise<void> {
  const locks = subject.fault('locks');
  const { products, ping } = await subject.open({ timeoutMs: 40_000 });
  const unavailable = (records: Parameters<typeof products.apply>[0], what: string): Promise<unknown> =>
    inTime(rejects(products.apply(records), 'unavailable', what), what, LOCK_LIMIT_MS);
  const there = [both('a', 1, 1, 1), both('held', 1, 1, 1), both('z', 1, 1, 1)];
  await products.apply(there);
  const release = await locks.hold('held');
  try {
    const newer = ['a', 'held', 'z'].map((id) => both(id, 2, 2, 2));
    const [a, held, z] = newer;
    await unavailable(newer, 'a batch with a product that is held');
    await ping();
    for (const other of [a, z]) expect(await products.apply([other!])).to.deep.equal([other]);
    await unavailable([held!], 'the product that is held');
    expect(await products.getMany(['a', 'held', 'z']), 'reads go on').to.deep.equal([a, there[1], z]);
    await release();
    expect(await products.apply([held!])).to.deep.equal([held]);
  } finally {
    await release();
  }
}
