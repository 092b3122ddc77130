import { expect } from 'chai';
import { scaled } from '@product-updates/queue/contract';
import type { ProductReader, Store } from '../src/index.ts';
import { both, letter, price, stock, v } from './samples.ts';
import type { StoreTest, Subject } from './subject.ts';

/** R9 and R10.1: what several connections see of one another. */
export const concurrencyTests: readonly StoreTest[] = [
  {
    id: 'R9.1',
    title: 'two connections set different fields at once: both survive',
    timeoutMs: 20_000,
    run: bothSurvive,
  },
  {
    id: 'R9.2',
    title: 'a record is never torn between two updates, its versions never fall for any reader',
    timeoutMs: scaled({ quick: 30_000, long: 300_000 }),
    run: neverTorn,
  },
  { id: 'R10.1', title: 'what resolved is read by another connection', timeoutMs: 20_000, run: readByAnother },
];

async function bothSurvive(subject: Subject): Promise<void> {
  const [one, other] = (await subject.openMany(2)) as [Store, Store];
  for (let i = 1; i <= 200; i++) {
    const id = `p${i % 50}`;
    await Promise.all([one.products.apply([price(id, i, i)]), other.products.apply([stock(id, i, i)])]);
    expect(await one.products.get(id)).to.deep.equal(both(id, i, i, i));
  }
}

/** The writer sets both fields to the version's number, so that any mixture of two updates shows. */
async function neverTorn(subject: Subject): Promise<void> {
  const [writer, ...readers] = await subject.openMany(4);
  const ids = ['p0', 'p1', 'p2'];
  let version = 1;
  const write = (): Promise<unknown> => writer!.products.apply(ids.map((id) => both(id, version, version, version)));
  await write();
  let reading = true;
  const gets = scaled({ quick: 2000, long: 34_000 });
  const reads = Promise.all(readers.map((reader) => readWatchfully(reader.products, ids, gets))).finally(() => {
    reading = false;
  });
  async function keepWriting(): Promise<void> {
    while (reading) {
      version++;
      await write();
    }
  }
  await Promise.all([reads, keepWriting()]);
}

async function readWatchfully(reader: ProductReader, ids: readonly string[], gets: number): Promise<void> {
  const seen = new Map<string, number>();
  for (let i = 0; i < gets; i++) {
    const id = ids[i % ids.length]!;
    const record = i % 2 === 0 ? await reader.get(id) : (await reader.getMany(ids))[i % ids.length];
    const number = record?.stock ?? 0;
    if (record?.price !== number || record.price_version !== v(number)) {
      expect(record, 'torn').to.deep.equal(both(id, number, number, number));
    }
    if (number < (seen.get(id) ?? 0)) expect.fail(`${id} fell from version ${seen.get(id)} to ${number}`);
    seen.set(id, number);
  }
}

async function readByAnother(subject: Subject): Promise<void> {
  const [one, other] = (await subject.openMany(2)) as [Store, Store];
  for (let i = 1; i <= 100; i++) {
    await one.products.apply([both('p1', i, i, i)]);
    expect(await other.products.get('p1')).to.deep.equal(both('p1', i, i, i));
    const added = letter(`letter-${i}`);
    await one.deadLetters.add(added);
    expect(await other.deadLetters.get(added.id)).to.deep.equal(added);
  }
  expect(await other.deadLetters.count()).to.equal(100);
  expect(await other.highestVersion()).to.equal(v(100));
}
