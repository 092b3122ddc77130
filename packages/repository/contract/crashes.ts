import { expect } from 'chai';
import { setTimeout as wait } from 'node:timers/promises';
import { createRandom, eventually, outcomeOf, rejects, scaled } from '@product-updates/queue/contract';
import { openShort, SETTLE_MARGIN_MS } from './outages.ts';
import type { ForkedStore } from './place.ts';
import { readAll, same, settleWithin } from './observe.ts';
import { both, letter, price, stock, v } from './samples.ts';
import type { StoreTest, Subject } from './subject.ts';

/** R10, R11, R18 and R20: processes and servers that are killed, or that start at the same time. */
export const crashTests: readonly StoreTest[] = [
  {
    id: 'R10.2',
    title: 'what resolved survives a kill of the process that wrote it',
    timeoutMs: 30_000,
    run: survivesOurKill,
  },
  { id: 'R10.3', title: 'what resolved survives a kill of the server', timeoutMs: 60_000, run: survivesServerKill },
  { id: 'R10.4', title: 'what resolved is there after dispose and open', timeoutMs: 20_000, run: survivesReopening },
  {
    id: 'R11',
    title: 'killed in mid-batch: each product is old or new, and applying again converges',
    timeoutMs: scaled({ quick: 60_000, long: 300_000 }),
    run: killedInMidBatch,
  },
  {
    id: 'R18',
    title: 'after a restart of the server idle and busy connections work again',
    timeoutMs: 60_000,
    run: serverRestarts,
  },
  { id: 'R20.1', title: 'four processes open new data at once, and share it', timeoutMs: 60_000, run: openTogether },
  { id: 'R20.2', title: 'what is unsafe to open is refused, with the reason', timeoutMs: 30_000, run: refuses },
];

const hundred = Array.from({ length: 100 }, (_, i) => both(`p${i}`, i / 100, i, i + 1));
const idsOfHundred = hundred.map((record) => record.product_id);

async function survivesOurKill(subject: Subject): Promise<void> {
  const child = await subject.fault('fork')();
  expect(await child.apply(hundred)).to.have.length(100);
  await child.addLetter(letter('l1'));
  await child.kill();
  const store = await subject.open();
  same(await readAll(store, idsOfHundred), hundred);
  expect(await store.deadLetters.get('l1')).to.deep.equal(letter('l1'));
}

async function survivesServerKill(subject: Subject): Promise<void> {
  const server = subject.fault('server');
  const store = await subject.open();
  await store.products.apply(hundred);
  await store.deadLetters.add(letter('l1'));
  await server.kill();
  await server.start();
  const again = await subject.open();
  same(await readAll(again, idsOfHundred), hundred);
  expect(await again.deadLetters.get('l1')).to.deep.equal(letter('l1'));
}

async function survivesReopening(subject: Subject): Promise<void> {
  const store = await subject.open();
  await store.products.apply(hundred);
  await store.deadLetters.add(letter('l1'));
  await store[Symbol.asyncDispose]();
  const again = await subject.open();
  same(await readAll(again, idsOfHundred), hundred);
  expect(await again.deadLetters.list({ limit: 10 })).to.deep.equal([letter('l1')]);
  expect(await again.highestVersion()).to.equal(v(100));
}

/** The moment of the kill is random, from before the batch arrives until after it is done. */
async function killedInMidBatch(subject: Subject): Promise<void> {
  const fork = subject.fault('fork');
  const random = createRandom(11);
  const ids = Array.from({ length: 2000 }, (_, i) => `p${i}`);
  let child: ForkedStore | undefined;
  for (let round = 1; round <= scaled({ quick: 2, long: 40 }); round++) {
    child = await fork();
    const batch = ids.map((id) => both(id, round, round, round));
    const applying = outcomeOf(child.apply(batch));
    await wait(random.int(30));
    await child.kill();
    await applying;
    const store = await subject.open();
    for (const record of await readAll(store, ids)) {
      const number = record?.stock ?? 0;
      expect(number, 'old or new').to.be.within(round - 1, round);
      if (record !== undefined) expect(record).to.deep.equal(both(record.product_id, number, number, number));
    }
    await store.products.apply(batch);
    same(await readAll(store, ids), batch);
    // Some data can be open in one process alone.
    await store[Symbol.asyncDispose]();
  }
}

async function serverRestarts(subject: Subject): Promise<void> {
  const server = subject.fault('server');
  const { recoveryMs } = subject.declared;
  const { store: idle } = await openShort(subject);
  const { store: busy, timeoutMs } = await openShort(subject);
  await eventually(recoveryMs, () => busy.products.apply([both('p1', 1, 1, 1)]));
  await server.kill();
  await settleWithin(timeoutMs + SETTLE_MARGIN_MS, { get: busy.products.get('p1') });
  await rejects(busy.products.apply([both('p1', 2, 2, 2)]), 'unavailable', 'apply while the server is down');
  await rejects(busy.ping(), 'unavailable', 'ping while the server is down');
  await server.start();
  await eventually(recoveryMs, () => busy.products.apply([both('p1', 3, 3, 3)]));
  await eventually(recoveryMs, () => idle.ping());
  expect(await eventually(recoveryMs, () => idle.products.get('p1'))).to.deep.equal(both('p1', 3, 3, 3));
}

async function openTogether(subject: Subject): Promise<void> {
  const fork = subject.fault('fork');
  const children = await Promise.all([fork(), fork(), fork(), fork()]);
  try {
    await Promise.all(children.map((child, i) => child.apply([price('shared', i, i + 1), stock(`own${i}`, i, 1)])));
  } finally {
    await Promise.all(children.map((child) => child.stop()));
  }
  const store = await subject.open();
  expect(await store.products.get('shared')).to.deep.equal(price('shared', 3, 4));
  same(
    await readAll(store, ['own0', 'own1', 'own2', 'own3']),
    [0, 1, 2, 3].map((i) => stock(`own${i}`, i, 1)),
  );
}

async function refuses(subject: Subject): Promise<void> {
  for (const { name, open, says, password } of subject.refusals()) {
    const error = await rejects(open(), 'misconfigured', name);
    expect(error.message, name).to.match(says);
    if (password !== undefined) expect(`${error.stack} ${String(error.cause)}`, name).not.to.include(password);
  }
}
