import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { merge, NEVER, type ProductRecord, type Version } from '@product-updates/domain';
import { codeOf } from '@product-updates/errors';
import { openEnvironment, type Environment } from '@product-updates/lmdb';
import { systemClock } from '@product-updates/queue';
import { openLmdbStore } from '@product-updates/repository-lmdb';
import { expect } from 'chai';
import fc from 'fast-check';
import { Products, type ProductsOptions } from '../src/products.ts';
import { FORMAT, migrations } from '../src/tables.ts';

// oxlint-disable-next-line node/no-process-env
const numRuns = process.env['LONG'] === undefined ? 60 : 2000;

const record = (number: number, version: number): ProductRecord => ({
  product_id: `p${number}`,
  price: number,
  price_version: version as Version,
  stock: null,
  stock_version: NEVER,
});

/** Products in generations so small that all of a life happens within a few writes. */
interface Life extends AsyncDisposable {
  readonly products: Products;
  write(records: readonly ProductRecord[]): Promise<void>;
  /** A write that never reaches the disk. */
  fail(records: readonly ProductRecord[]): Promise<void>;
  journalLength(): number;
  /** What the table itself has, whatever stands in memory. */
  inTable(number: number): boolean;
  /** Whether it is answered without asking the table. */
  inMemory(number: number): boolean;
}

async function live(folder: string, given: Partial<ProductsOptions> = {}): Promise<Life> {
  const options = { part: 'store', format: FORMAT, migrations, maxBytes: 2 ** 30 };
  const environment: Environment = await openEnvironment(folder, options);
  const table = environment.table('products');
  const journal = environment.numberedTable('journal');
  const sizes = { generationSize: 10, journalBytes: 2 ** 20, steps: { fewest: 1, most: 5 } };
  let asked = 0;
  const counted = {
    ...table,
    get(id: string) {
      asked++;
      return table.get(id);
    },
  };
  const products = new Products({ table: counted, journal, ...sizes, ...given });
  return {
    products,
    async write(records) {
      await environment.write(() => {
        for (const one of records) expect(products.change(one)).to.equal(one);
        products.put();
      });
      products.committed();
    },
    async fail(records) {
      const change = (): void => {
        for (const one of records) products.change(one);
        products.put();
        throw new Error('not written');
      };
      expect(await environment.write(change).then(() => 'written', String)).to.equal('Error: not written');
      products.failed();
    },
    journalLength: () => journal.count(),
    inTable: (number) => table.get(`p${number}`) !== undefined,
    inMemory(number) {
      const before = asked;
      products.get(`p${number}`);
      return asked === before;
    },
    [Symbol.asyncDispose]: () => environment[Symbol.asyncDispose](),
  };
}

const writing = fc.record({
  does: fc.constantFrom('write', 'write', 'write', 'write', 'fail', 'reopen', 'crash'),
  numbers: fc.uniqueArray(fc.nat(60), { maxLength: 25 }),
});

describe('products with a journal', function () {
  this.timeout(numRuns * 2000);
  let root: string;
  let folders = 0;
  const nextFolder = (): string => join(root, `${(folders += 1)}`);
  before(() => {
    root = mkdtempSync(join(tmpdir(), 'products-'));
  });
  after(() => rmSync(root, { recursive: true }));

  it('are what was written, whatever is folded, fails, is closed or killed meanwhile', async () => {
    const sizes = fc.record({
      generationSize: fc.integer({ min: 1, max: 30 }),
      journalBytes: fc.integer({ min: 1, max: 4000 }),
      steps: fc.record({ fewest: fc.integer({ min: 1, max: 20 }), most: fc.integer({ min: 1, max: 40 }) }),
    });
    const property = fc.asyncProperty(sizes, fc.array(writing, { maxLength: 40 }), async (options, steps) => {
      let folder = nextFolder();
      let life = await live(folder, options);
      const written = new Map<string, ProductRecord>();
      for (const [step, { does, numbers }] of steps.entries()) {
        const records = numbers.map((number) => record(number, step + 1));
        if (does === 'write') {
          await life.write(records);
          for (const one of records) written.set(one.product_id, one);
        } else if (does === 'fail') {
          await life.fail(records);
        } else {
          // As a kill would leave it: what resolved is on disk, and nothing is written on closing.
          const from = folder;
          folder = nextFolder();
          if (does === 'crash') cpSync(from, folder, { recursive: true });
          await life[Symbol.asyncDispose]();
          if (does === 'reopen') cpSync(from, folder, { recursive: true });
          rmSync(from, { recursive: true });
          life = await live(folder, options);
        }
        for (let number = 0; number <= 60; number++) {
          expect(life.products.get(`p${number}`), `p${number} after ${step}`).to.deep.equal(written.get(`p${number}`));
        }
      }
      await life[Symbol.asyncDispose]();
      rmSync(folder, { recursive: true });
    });
    await fc.assert(property, { numRuns });
  });

  it('are folded into the table while others are written, and leave the journal', async () => {
    await using life = await live(nextFolder(), { generationSize: 100 });
    for (let number = 0; number < 2000; number++) await life.write([record(number, 1)]);
    const folded = Array.from({ length: 2000 }, (_, number) => life.inTable(number));
    expect(folded.lastIndexOf(true)).to.be.within(1000, 1998);
    expect(folded.indexOf(false)).to.be.greaterThan(1000 - 1);
    expect(life.journalLength()).to.be.below(1000);
  });

  it('are kept in memory, those that changed last, and not for ever', async () => {
    await using life = await live(nextFolder(), { generationSize: 100, journalBytes: 4000 });
    const first = Array.from({ length: 1000 }, (_, number) => record(number, 1));
    await life.write(first);
    for (let version = 2; version <= 1000; version++) await life.write([record(0, version), record(version, version)]);
    const kept = Array.from({ length: 1000 }, (_, number) => life.inMemory(number));
    expect(kept.slice(-50)).to.not.include(false);
    expect(kept[0]).to.equal(true);
    expect(kept.filter((isKept) => isKept).length).to.be.at.most(210);
  });

  it('that change all the time are put into the table once a generation', async () => {
    await using life = await live(nextFolder(), { generationSize: 100, journalBytes: 10_000 });
    for (let version = 1; version <= 3000; version++) await life.write([record(1, version), record(2, version)]);
    expect(life.journalLength() * 2 * 36).to.be.below(3 * 10_000);
    expect(life.products.get('p1')).to.deep.equal(record(1, 3000));
  });

  it('have ids of any length and script, and every value', async () => {
    const values = fc.record({
      product_id: fc.string({ unit: 'grapheme', minLength: 1, maxLength: 128 }),
      price: fc.option(fc.double({ min: 0, max: 1e9, noNaN: true }).map((price) => price + 0)),
      stock: fc.option(fc.nat()),
    });
    const property = fc.asyncProperty(
      fc.uniqueArray(values, { selector: ({ product_id }) => product_id }),
      async (rows) => {
        const folder = nextFolder();
        const records = rows.map(({ product_id, price, stock }) => ({
          product_id,
          price,
          stock,
          price_version: (price === null ? 0 : 2 ** 52) as Version,
          stock_version: (stock === null ? 0 : 1) as Version,
        }));
        {
          await using life = await live(folder);
          await life.write(records);
        }
        await using again = await live(folder);
        for (const one of records) expect(again.products.get(one.product_id)).to.deep.equal(one);
      },
    );
    await fc.assert(property, { numRuns: 50 });
  });

  it('are refused with a damaged journal, and the store with them', async () => {
    const folder = nextFolder();
    {
      await using environment = await openEnvironment(folder, {
        part: 'store',
        format: FORMAT,
        migrations,
        maxBytes: 2 ** 30,
      });
      const journal = environment.numberedTable('journal');
      await environment.write(() => journal.put(0, Uint8Array.of(1, 2, 3, 4, 5, 6)));
    }
    const open = () => openLmdbStore(new URL(`lmdb:${folder}`), { deadLetterMax: 1, clock: systemClock });
    for (let again = 0; again < 2; again++) expect(await open().then(() => 'opened', codeOf)).to.equal('misconfigured');
  });

  it('of the format without a journal are read, changed, and then in the new one', async () => {
    const folder = nextFolder();
    {
      await using environment = await openEnvironment(folder, {
        part: 'store',
        format: 1,
        migrations: {},
        maxBytes: 2 ** 30,
      });
      const table = environment.table('products');
      const bytes = new DataView(new ArrayBuffer(32));
      bytes.setFloat64(0, 9.5, true);
      bytes.setFloat64(8, 7, true);
      await environment.write(() => table.put('p1', new Uint8Array(bytes.buffer)));
    }
    const there = { ...record(1, 7), price: 9.5 };
    const news = { ...record(1, 0), price: null, stock: 3, stock_version: 8 as Version };
    for (const expected of [there, merge(there, news)]) {
      const context = { deadLetterMax: 1, clock: systemClock };
      const { store } = await openLmdbStore(new URL(`lmdb:${folder}`), context);
      expect(await store.products.get('p1')).to.deep.equal(expected);
      await store.products.apply([news]);
      await store[Symbol.asyncDispose]();
    }
    const before = { part: 'store', format: 1, migrations: {}, maxBytes: 2 ** 30 };
    expect(await openEnvironment(folder, before).then(() => 'opened', codeOf)).to.equal('misconfigured');
  });
});
