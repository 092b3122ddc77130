import { expect } from 'chai';
import { createMemoryStore, type Store } from '@product-updates/repository';
import { type Place, storeContract, type StoreContract } from '@product-updates/repository/contract';
import { storeTests } from '../contract/store-tests.ts';
import { withSubject } from '../contract/subject.ts';
import { defectiveStores } from './defective-stores.ts';
import { wireContract } from './wire-contract.ts';
import type { Defects } from './wire-store.ts';

describe('the store contract', function () {
  this.timeout(30_000);
  for (const { name, noticedBy, create } of defectiveStores) {
    it(`notices: ${name} [${noticedBy.join(', ')}]`, async () => {
      for (const id of noticedBy) await fails(memoryContract(create), id);
    });
  }

  const faults: readonly [name: string, id: string, contract: StoreContract][] = [
    wire('an outage reads as an unknown product', 'R1.2', { outageIsUndefined: true }),
    wire('a write without an answer resolves', 'R12', { resolvesUnanswered: true }),
    wire('a batch is sent one by one', 'R16.2', { sendsOneByOne: true }),
    wire('a call never times out', 'R17.1', { neverTimesOut: true }),
    wire('a call never times out', 'R17.2', { neverTimesOut: true }),
    wire('the client never connects again', 'R18', { neverReconnects: true }),
    wire('a read-only session is kept', 'R27.1', { keepsReadOnlySessions: true }),
    wire('a read-only session is kept', 'R27.2', { keepsReadOnlySessions: true }),
    wire('connections are forgotten', 'R22', { forgetsConnections: true }),
    ['a late write undoes a newer one', 'R17.3', { ...wireContract({}, lastWriteWins) }],
    ['an error has another code', 'R13', withErrors((native) => native)],
    ['a bug gets a code', 'R13', withErrors(() => new Error('everything'))],
    ['an unsafe server is opened', 'R20.2', { ...wireContract(), refusals: [{ name: 'x', open: opens, says: /x/ }] }],
  ];
  for (const [name, id, contract] of faults) {
    it(`notices: ${name} [${id}]`, () => fails(contract, id));
  }

  it('notices a durability that is not the declared one', async () => {
    const contract = memoryContract(createMemoryStore);
    await fails({ ...contract, declared: { durability: 'disk' } }, 'R2', /durability/);
  });

  it('says what a test needs that the adapter does not give', async () => {
    const contract = memoryContract(createMemoryStore);
    await fails(contract, 'R12', /R12 needs faults\.network: give it, or skip R12 by name/);
    await fails(contract, 'R13', /R13 needs errors/);
    await fails(contract, 'R20.2', /R20\.2 needs refusals/);
  });

  it('refuses to skip what there is not, or without a reason', () => {
    const contract = memoryContract(createMemoryStore);
    const skipping = (test: string, reason: string) => () => storeContract({ ...contract, skip: [{ test, reason }] });
    expect(skipping('R99', 'a reason')).to.throw(/no test R99/);
    expect(skipping('R2', '')).to.throw(/needs a reason/);
    expect(skipping('R2', 'a (bracketed) one')).to.throw(/without brackets/);
  });

  it('disposes what a failing test opened, and removes its place', async () => {
    const seen: string[] = [];
    const contract = memoryContract((options) => ({
      ...createMemoryStore(options),
      ping: () => Promise.reject(new Error('no')),
      [Symbol.asyncDispose]: async () => void seen.push('disposed'),
    }));
    const place = async (): Promise<Place> => ({
      ...(await contract.place('R24.2')),
      remove: async () => void seen.push('removed'),
    });
    await fails({ ...contract, place }, 'R24.2', /no/);
    expect(seen).to.deep.equal(['disposed', 'removed']);
  });

  it('has each test once, and all that the requirements number', () => {
    const ids = storeTests.map(({ id }) => id);
    expect(new Set(ids).size).to.equal(ids.length);
    const numbers = new Set(ids.map((id) => Number(/^R(\d+)/.exec(id)?.[1])));
    expect([...numbers]).to.deep.equal(Array.from({ length: 29 }, (_, i) => i + 1));
  });
});

async function fails(contract: StoreContract, id: string, message = /./): Promise<void> {
  const test = storeTests.find((each) => each.id === id);
  if (test === undefined) throw new Error(`there is no test ${id}`);
  const outcome = await withSubject(contract, test).then(
    () => undefined,
    (error: unknown) => error,
  );
  expect(outcome, `${id} passes`).to.be.an.instanceOf(Error);
  expect((outcome as Error).message).to.match(message);
}

function memoryContract(create: (options: { deadLetterMax: number }) => Store): StoreContract {
  return {
    name: 'memory',
    declared: { durability: 'none', runs: { quick: 200, long: 200 } },
    place: async () => {
      let store: Store | undefined;
      return {
        open: async (options) => ({ store: (store ??= create(options)), durability: 'none', description: 'memory' }),
        remove: async () => {},
        faults: {},
      };
    },
    skip: [],
  };
}

function wire(name: string, id: string, defects: Defects): [string, string, StoreContract] {
  const contract = wireContract(defects);
  return [name, id, { ...contract, declared: { ...contract.declared, recoveryMs: 500 } }];
}

function withErrors(translate: (native: unknown) => unknown): StoreContract {
  const contract = wireContract();
  return { ...contract, errors: { translate, rows: contract.errors?.rows ?? [] } };
}

function lastWriteWins(): Store {
  const defective = defectiveStores.find(({ name }) => name === 'the last write wins');
  return defective!.create({ deadLetterMax: 100 });
}

function opens(): ReturnType<Place['open']> {
  return Promise.resolve({ store: createMemoryStore(), durability: 'none', description: 'memory' });
}
