import { createHash } from 'node:crypto';
import { expect } from 'chai';
import { codeOf } from '@product-updates/errors';
import { createRandom, outcomeOf, rejects } from '@product-updates/queue/contract';
import type { DeadLetter, DeadLetterStore, Store } from '../src/index.ts';
import { letter } from './samples.ts';
import type { StoreTest, Subject } from './subject.ts';

/** R21: the dead letters. */
export const deadLetterTests: readonly StoreTest[] = [
  {
    id: 'R21.1',
    title: 'letters are added, read, counted and removed, exactly as written',
    timeoutMs: 10_000,
    run: kept,
  },
  { id: 'R21.2', title: 'the same id replaces', timeoutMs: 10_000, run: replaced },
  { id: 'R21.3', title: 'bytes come back exact', timeoutMs: 10_000, run: bytesExact },
  { id: 'R21.4', title: 'pages go through all letters in the byte order of their ids', timeoutMs: 20_000, run: pages },
  {
    id: 'R21.5',
    title: 'pages skip and repeat nothing that stays while others come and go',
    timeoutMs: 10_000,
    run: changingPages,
  },
  {
    id: 'R21.6',
    title: 'at the bound a new letter is full, nothing is evicted, the same id still replaces',
    timeoutMs: 10_000,
    run: bound,
  },
  {
    id: 'R21.7',
    title: 'many adds at once at the bound: what resolved is there, what was full is not',
    timeoutMs: 20_000,
    run: boundAtOnce,
  },
];

async function kept(subject: Subject): Promise<void> {
  const { deadLetters } = await subject.open();
  const undecodable = { reason: 'undecodable', event: null, attempts: 0, bytes: Uint8Array.of(1, 2, 3) } as const;
  const letters = [
    letter('1-ps-x.0'),
    letter('2-p-x.0', { reason: 'exhausted', attempts: 5, error: 'a "quoted" \\ \n\u2028 line with 😀, \'\' and $1' }),
    letter('3-s-x.12', { product_id: '__proto__', error: '' }),
    letter(`undecodable.${'0'.repeat(64)}`, { ...undecodable, product_id: "{a}:b/'; drop table dead_letters; --" }),
  ];
  expect(await deadLetters.count()).to.equal(0);
  expect(await deadLetters.list({ limit: 10 })).to.deep.equal([]);
  for (const each of letters) await deadLetters.add(each);
  expect(await deadLetters.count()).to.equal(letters.length);
  for (const each of letters) expect(await deadLetters.get(each.id)).to.deep.equal(each);
  expect(await deadLetters.list({ limit: 10 })).to.deep.equal(letters);

  expect(await deadLetters.get('unknown')).to.equal(undefined);
  expect(await deadLetters.remove('unknown')).to.equal(false);
  expect(await deadLetters.get('__proto__')).to.equal(undefined);
  expect(await deadLetters.remove(letters[1]!.id)).to.equal(true);
  expect(await deadLetters.remove(letters[1]!.id), 'again').to.equal(false);
  expect(await deadLetters.get(letters[1]!.id)).to.equal(undefined);
  expect(await deadLetters.list({ limit: 10 })).to.deep.equal(letters.toSpliced(1, 1));
  expect(await deadLetters.count()).to.equal(letters.length - 1);
}

async function replaced(subject: Subject): Promise<void> {
  const { deadLetters } = await subject.open();
  await deadLetters.add(letter('a.0', { bytes: Uint8Array.of(1), attempts: 1 }));
  await deadLetters.add(letter('b.0'));
  const second = letter('a.0', { reason: 'exhausted', attempts: 7, error: 'another' });
  await deadLetters.add(second);
  expect(await deadLetters.count()).to.equal(2);
  expect(await deadLetters.get('a.0')).to.deep.equal(second);
  expect(await deadLetters.list({ limit: 10 })).to.deep.equal([second, letter('b.0')]);
  expect(await deadLetters.remove('a.0')).to.equal(true);
  expect(await deadLetters.get('a.0'), 'nothing of the first is left').to.equal(undefined);
}

async function bytesExact(subject: Subject): Promise<void> {
  const { deadLetters } = await subject.open();
  const random = createRandom(21);
  const samples = [
    new Uint8Array(0),
    Uint8Array.from({ length: 256 }, (_, i) => i),
    Uint8Array.of(0xff, 0xfe, 0x00, 0xc3, 0x28, 0xed, 0xa0, 0x80),
    Uint8Array.from({ length: 65_536 }, () => random.int(256)),
    Buffer.from('a view into a larger buffer').subarray(2, 10),
  ];
  for (const bytes of samples) {
    const expected = Buffer.from(bytes);
    const id = `undecodable.${createHash('sha256').update(bytes).digest('hex')}`;
    await deadLetters.add(letter(id, { reason: 'undecodable', event: null, bytes }));
    bytes.fill(0);
    const read = (await deadLetters.get(id))?.bytes;
    expect(read).to.be.an.instanceOf(Uint8Array);
    expect(expected.equals(read!), `${expected.length} bytes, though the buffer is used again`).to.equal(true);
  }
}

/** A collation of a language would sort these otherwise, and so would one that passes over punctuation. */
const unorderedIds: readonly string[] = [
  'b',
  'a',
  'B',
  'A',
  'a-1',
  'a.1',
  'a1',
  'a_1',
  'A-1',
  '10',
  '9',
  '0a',
  'Z.0',
  'z.0',
  '-',
  '~',
];

async function pages(subject: Subject): Promise<void> {
  const { deadLetters } = await subject.open();
  const numbered = Array.from({ length: 250 }, (_, i) => `n${String(i).padStart(4, '0')}-p-x.0`);
  const ids = createRandom(4).shuffle([...unorderedIds, ...numbered]);
  for (const id of ids) await deadLetters.add(letter(id));
  const sorted = ids.toSorted((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
  for (const limit of [1, 7, 100, 266, 1000]) {
    expect(await walk(deadLetters, limit), `by ${limit}`).to.deep.equal(sorted);
  }
  expect(idsOf(await deadLetters.list({ limit: 2, after: 'n0100' })), 'after an id that is not there').to.deep.equal([
    'n0100-p-x.0',
    'n0101-p-x.0',
  ]);
  expect(await deadLetters.list({ limit: 2, after: '~' })).to.deep.equal([]);
  expect(await deadLetters.list({ limit: 2, after: '~~' })).to.deep.equal([]);
  expect(idsOf(await deadLetters.list({ limit: 1, after: '' }))).to.deep.equal(sorted.slice(0, 1));
}

async function changingPages(subject: Subject): Promise<void> {
  const { deadLetters } = await subject.open();
  const id = (i: number): string => `l${String(i).padStart(3, '0')}`;
  for (let i = 0; i < 40; i += 2) await deadLetters.add(letter(id(i)));
  const first = idsOf(await deadLetters.list({ limit: 10 }));
  await deadLetters.remove(first.at(-1)!);
  await deadLetters.add(letter(id(1)));
  await deadLetters.add(letter(id(25)));
  const rest = await deadLetters.list({ limit: 100, after: first.at(-1) });
  const expected = [20, 22, 24, 25, 26, 28, 30, 32, 34, 36, 38].map(id);
  expect(idsOf(rest)).to.deep.equal(expected);
}

async function bound(subject: Subject): Promise<void> {
  const { deadLetters } = await subject.open({ deadLetterMax: 3 });
  for (const id of ['a', 'b', 'c']) await deadLetters.add(letter(id));
  await rejects(deadLetters.add(letter('d')), 'full', 'the fourth');
  await rejects(deadLetters.add(letter('0')), 'full', 'an older one');
  const second = letter('b', { attempts: 9 });
  await deadLetters.add(second);
  expect(await deadLetters.list({ limit: 10 })).to.deep.equal([letter('a'), second, letter('c')]);
  await deadLetters.remove('a');
  await deadLetters.add(letter('d'));
  await rejects(deadLetters.add(letter('a')), 'full', 'full again');
  expect(idsOf(await deadLetters.list({ limit: 10 }))).to.deep.equal(['b', 'c', 'd']);
}

/** Counting and adding may be two steps: the bound may be passed by what was under way, one for each connection. */
async function boundAtOnce(subject: Subject): Promise<void> {
  const max = 20;
  const connections = 4;
  const stores: Store[] = [];
  for (let i = 0; i < connections; i++) stores.push(await subject.open({ deadLetterMax: max }));
  const ids = Array.from({ length: 60 }, (_, i) => `l${i}`);
  const outcomes = await Promise.all(
    ids.map((id, i) => outcomeOf(stores[i % connections]!.deadLetters.add(letter(id)))),
  );
  const { deadLetters } = stores[0]!;
  for (const [i, outcome] of outcomes.entries()) {
    if (!outcome.ok) expect(codeOf(outcome.error)).to.equal('full');
    expect((await deadLetters.get(ids[i]!)) !== undefined, ids[i]).to.equal(outcome.ok);
  }
  expect(await deadLetters.count()).to.be.within(max, max + connections - 1);
  await rejects(deadLetters.add(letter('one more')), 'full', 'one more');
}

async function walk(deadLetters: DeadLetterStore, limit: number): Promise<string[]> {
  const ids: string[] = [];
  for (;;) {
    const page = await deadLetters.list({ limit, after: ids.at(-1) });
    expect(page.length).to.be.at.most(limit);
    if (page[0] !== undefined && page[0].id === ids.at(-1)) expect.fail(`${page[0].id} comes again`);
    ids.push(...idsOf(page));
    if (page.length < limit) return ids;
  }
}

function idsOf(letters: readonly DeadLetter[]): string[] {
  return letters.map(({ id }) => id);
}
