import { expect } from 'chai';
import { codeOf } from '@product-updates/errors';
import { createRandom, eventually, networkFaults, outcomeOf, rejects, scaled } from '@product-updates/queue/contract';
import type { Store } from '../src/index.ts';
import { everyCallOf } from './life.ts';
import { createModelStore } from './model-store.ts';
import { sameAsModel, settleWithin } from './observe.ts';
import { both, letter, v } from './samples.ts';
import type { StoreTest, Subject } from './subject.ts';

/** R1, R12, R13, R17, R19 and R22: what a caller sees of a server that is away, slow, cut off or full. */
export const outageTests: readonly StoreTest[] = [
  { id: 'R1.2', title: 'an outage rejects, it is never undefined', timeoutMs: 30_000, run: outageRejects },
  {
    id: 'R12',
    title: 'cut after the write was sent: unavailable, and applying again is a no-op',
    timeoutMs: 30_000,
    run: answerLost,
  },
  { id: 'R13', title: 'native errors become ours by the table', timeoutMs: 5000, run: errorTable },
  {
    id: 'R17.1',
    title: 'every call settles in time under every network fault, and works after it',
    timeoutMs: 120_000,
    run: settles,
  },
  {
    id: 'R17.2',
    title: 'every call settles in time while the server is stopped',
    timeoutMs: 30_000,
    run: settlesWhileStopped,
  },
  { id: 'R17.3', title: 'a write that arrives late cannot undo a newer one', timeoutMs: 30_000, run: lateWrite },
  { id: 'R19', title: 'a full server: writes are unavailable, reads go on, it resumes', timeoutMs: 60_000, run: full },
  {
    id: 'R22',
    title: 'thousands of operations with 5 % failures leak nothing',
    timeoutMs: scaled({ quick: 60_000, long: 900_000 }),
    run: leaksNothing,
  },
];

/** A store whose faults can be waited for. */
export interface ShortStore {
  readonly store: Store;
  readonly timeoutMs: number;
}

/** The shortest time-out within which this machine, as loaded as it is now, opens a store and asks it. */
export async function openShort(subject: Subject): Promise<ShortStore> {
  for (let timeoutMs = SHORTEST_MS; ; timeoutMs *= 2) {
    try {
      const store = await subject.open({ timeoutMs });
      await Promise.all([store.ping(), store.products.get('p1'), store.products.getMany(['p1'])]);
      return { store, timeoutMs };
    } catch (error) {
      if (timeoutMs > LONGEST_MS) throw error;
    }
  }
}

const SHORTEST_MS = 300;
const LONGEST_MS = 4000;
export const SETTLE_MARGIN_MS = 250;

async function outageRejects(subject: Subject): Promise<void> {
  const network = subject.fault('network');
  const { store } = await openShort(subject);
  await eventually(subject.declared.recoveryMs, () => store.products.apply([both('p1', 1, 1, 1)]));
  await network.cause('refused');
  for (const [name, call] of Object.entries(everyCallOf(store))) await rejects(call(), 'unavailable', name);
  await network.heal();
  await eventually(subject.declared.recoveryMs, () => store.ping());
  expect(await eventually(subject.declared.recoveryMs, () => store.products.get('p1'))).to.deep.equal(
    both('p1', 1, 1, 1),
  );
}

async function answerLost(subject: Subject): Promise<void> {
  const network = subject.fault('network');
  const { store } = await openShort(subject);
  await network.cause('answers lost');
  const update = both('p1', 1, 1, 1);
  await rejects(store.products.apply([update]), 'unavailable', 'apply without an answer');
  await network.heal();
  const { recoveryMs } = subject.declared;
  const arrived = await eventually(recoveryMs, async () => {
    const record = await store.products.get('p1');
    expect(record, 'the write arrived').to.deep.equal(update);
    return record;
  });
  expect(arrived).to.deep.equal(update);
  const again = await eventually(recoveryMs, () => store.products.apply([update]));
  expect(again, 'changed by applying again').to.deep.equal([]);
  expect(await eventually(recoveryMs, () => store.products.get('p1'))).to.deep.equal(update);
}

async function errorTable(subject: Subject): Promise<void> {
  const { translate, rows } = subject.errors();
  for (const { name, native, code } of rows) {
    const ours = translate(native);
    expect(codeOf(ours), name).to.equal(code);
    expect((ours as Error).cause, `${name}: the cause`).to.equal(native);
  }
  const codes = new Set(rows.map(({ code }) => code));
  expect([...codes]).to.include.members(['unavailable', 'invalid', 'misconfigured']);
  const bug = new TypeError('x is not a function');
  expect(translate(bug), 'a bug keeps no code').to.equal(bug);
}

async function settles(subject: Subject): Promise<void> {
  const network = subject.fault('network');
  const { recoveryMs } = subject.declared;
  const { store, timeoutMs } = await openShort(subject);
  for (const [i, fault] of networkFaults.entries()) {
    await eventually(recoveryMs, () => store.ping());
    await network.cause(fault);
    const calls = Object.entries(everyCallOf(store)).map(([name, call]) => [`${fault}: ${name}`, call()] as const);
    const apply = store.products.apply([both('p', i, i, i + 1)]);
    await settleWithin(timeoutMs + SETTLE_MARGIN_MS, {
      ...Object.fromEntries(calls),
      [`${fault}: apply`]: apply,
    });
    if (fault === 'delayed' || fault === 'split') {
      await eventually(recoveryMs, () => store.products.apply([both('p', i, i, i + 1)]));
    }
    await network.heal();
    await eventually(recoveryMs, () => store.products.apply([both('p', i, i, i + 1)]));
    const read = await eventually(recoveryMs, () => store.products.get('p'));
    expect(read, `after ${fault}`).to.deep.equal(both('p', i, i, i + 1));
  }
}

async function settlesWhileStopped(subject: Subject): Promise<void> {
  const server = subject.fault('server');
  const { recoveryMs } = subject.declared;
  const { store, timeoutMs } = await openShort(subject);
  await eventually(subject.declared.recoveryMs, () => store.products.apply([both('p1', 1, 1, 1)]));
  server.pause();
  try {
    const calls = Object.entries(everyCallOf(store)).map(([name, call]) => [name, call()] as const);
    await settleWithin(timeoutMs + SETTLE_MARGIN_MS, Object.fromEntries(calls));
  } finally {
    server.resume();
  }
  await eventually(recoveryMs, () => store.products.apply([both('p1', 2, 2, 2)]));
  expect(await eventually(recoveryMs, () => store.products.get('p1'))).to.deep.equal(both('p1', 2, 2, 2));
}

/** The witness in the same batch tells when it has arrived. */
async function lateWrite(subject: Subject): Promise<void> {
  const network = subject.fault('network');
  const { store: one } = await openShort(subject);
  await network.cause('stalled');
  const late = await outcomeOf(one.products.apply([both('p1', 2, 2, 2), both('witness', 1, 1, 1)]));
  expect(late.ok, 'the late write was given up').to.equal(false);
  const other = await subject.open();
  const newer = both('p1', 3, 3, 3);
  await other.products.apply([newer]);
  expect(await other.products.get('witness'), 'it has not arrived yet').to.equal(undefined);
  await network.heal();
  await eventually(subject.declared.recoveryMs, async () => {
    expect(await other.products.get('witness'), 'it arrived').to.deep.equal(both('witness', 1, 1, 1));
  });
  expect(await other.products.get('p1')).to.deep.equal(newer);
  await eventually(subject.declared.recoveryMs, () => one.ping());
  expect(await eventually(subject.declared.recoveryMs, () => one.products.get('p1'))).to.deep.equal(newer);
}

async function full(subject: Subject): Promise<void> {
  const storage = subject.fault('storage');
  const { recoveryMs } = subject.declared;
  const { store } = await openShort(subject);
  await eventually(subject.declared.recoveryMs, () => store.products.apply([both('there', 1, 1, 1)]));
  await storage.fill();
  try {
    const grows = Array.from({ length: 1000 }, (_, i) => both(`new${i}`, i, i, i + 1));
    await rejects(store.products.apply(grows), 'unavailable', 'apply to a full server');
    await rejects(store.deadLetters.add(letter('l1')), 'unavailable', 'a letter to a full server');
    expect(await eventually(recoveryMs, () => store.products.get('there'))).to.deep.equal(both('there', 1, 1, 1));
    expect(await eventually(recoveryMs, () => store.deadLetters.count())).to.equal(0);
  } finally {
    await storage.free();
  }
  await eventually(recoveryMs, () => store.products.apply([both('new0', 1, 1, 5)]));
  await eventually(recoveryMs, () => store.deadLetters.add(letter('l1')));
  expect(await eventually(recoveryMs, () => store.highestVersion())).to.be.at.least(v(5));
}

/** Some end the connection, some only the call: what is given up must be hung up. */
const failures = ['reset mid-frame', 'refused', 'stalled'] as const;

/** One operation in twenty fails. */
async function leaksNothing(subject: Subject): Promise<void> {
  const network = subject.fault('network');
  const held = subject.fault('held');
  const { recoveryMs } = subject.declared;
  const opened = await Promise.all(Array.from({ length: 4 }, () => openShort(subject)));
  const stores = opened.map(({ store }) => store);
  const model = createModelStore();
  const random = createRandom(22);
  const operations = scaled({ quick: 400, long: 10_000 });
  const before = await held();
  for (let i = 1; i <= operations / stores.length; i++) {
    const failing = random.int(20) === 0;
    if (failing) await network.cause(failures[random.int(failures.length)]!);
    const batches = stores.map(() => [both(`p${random.int(50)}`, i, i, i)]);
    const outcomes = await Promise.all(batches.map((batch, at) => outcomeOf(stores[at]!.products.apply(batch))));
    if (failing) await network.heal();
    for (const [at, outcome] of outcomes.entries()) {
      const batch = batches[at]!;
      model.apply(batch);
      if (!outcome.ok) await eventually(recoveryMs, () => applyAgain(stores[at]!, batch));
    }
  }
  await sameAsModel(stores[0]!, model);
  await eventually(recoveryMs, async () => expect(await held(), 'held by the server').to.be.at.most(before));
}

async function applyAgain(store: Store, batch: readonly ReturnType<typeof both>[]): Promise<void> {
  await store.products.apply(batch);
}
