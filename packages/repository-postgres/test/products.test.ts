import { expect } from 'chai';
import { type ProductRecord, NEVER, versionOf } from '@product-updates/domain';
import { systemClock } from '@product-updates/queue';
import type { Store } from '@product-updates/repository';
import { openPostgresStore } from '@product-updates/repository-postgres';
import { codeOf } from '@product-updates/errors';
import { ask, describeUnless, inSchema, liveUrl, missing, withOptions } from './servers.ts';

const record = (product_id: string, value: number, at: number): ProductRecord => {
  const version = versionOf(Date.UTC(2026, 0, 1), at);
  return { product_id, price: value / 100, price_version: version, stock: value, stock_version: version };
};

async function inStore(
  options: Record<string, string | number>,
  run: (store: Store, url: URL, schema: string) => Promise<void>,
): Promise<void> {
  await inSchema(liveUrl(), async (url, schema) => {
    const { store } = await openPostgresStore(withOptions(url, options), { deadLetterMax: 2, clock: systemClock });
    try {
      await run(store, url, schema);
    } finally {
      await store[Symbol.asyncDispose]();
    }
  });
}

/** The statistics are told with a delay. */
async function updatesOf(url: URL, schema: string, expected: number): Promise<{ all: number; hot: number }> {
  const text = `select n_tup_upd::integer as all, n_tup_hot_upd::integer as hot from pg_stat_user_tables where schemaname = $1 and relname = 'products'`;
  for (;;) {
    const [row] = (await ask(url, text, [schema])) as { all: number; hot: number }[];
    if (row !== undefined && row.all >= expected) return row;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

const primes = [7919, 7907, 7901, 7883, 7879, 7877];

describeUnless(missing, 'products', () => {
  for (const [name, orderOf] of Object.entries({
    'always in the same order': (i: number) => i,
    'in another order each time': (i: number, round: number) => (i * primes[round]!) % 10_000,
  })) {
    it(`updates of a whole catalogue, ${name}, stay heap-only`, () =>
      inStore({ pool: 6 }, async (store, url, schema) => {
        const rounds = 5;
        for (let round = 0; round <= rounds; round++) {
          const batches = Array.from({ length: 20 }, (_, batch) =>
            Array.from({ length: 500 }, (_, i) => record(`product-${orderOf(batch * 500 + i, round)}`, i, round + 1)),
          );
          while (batches.length > 0) {
            await Promise.all(batches.splice(0, 4).map((batch) => store.products.apply(batch)));
          }
        }
        await store[Symbol.asyncDispose](); // a session tells its statistics when it ends
        const updates = await updatesOf(url, schema, rounds * 10_000);
        expect(updates.all).to.equal(rounds * 10_000);
        expect(updates.hot / updates.all).to.be.at.least(0.9);
      })).timeout(30_000);
  }

  it('updates of one hot product stay heap-only, and the table small', () =>
    inStore({ pool: 3 }, async (store, url, schema) => {
      for (let i = 1; i <= 1000; i++) await store.products.apply([record('hot', i, i)]);
      const size = await ask(url, `select pg_relation_size('${schema}.products')::integer as bytes`);
      expect(await store.products.get('hot')).to.deep.equal(record('hot', 1000, 1000));
      await store[Symbol.asyncDispose]();
      const updates = await updatesOf(url, schema, 999);
      expect(updates.hot / updates.all).to.be.at.least(0.9);
      expect(size[0]?.['bytes']).to.be.at.most(20 * 8192);
    })).timeout(30_000);

  it('are a table that people read and join, and whose rules they cannot break by accident', () =>
    inStore({}, async (store, url, schema) => {
      await store.products.apply([record('p1', 1999, 1)]);
      const text =
        `select p.price, p.stock, (timestamptz '2020-01-01Z' + p.price_version / 4096 * interval '1 millisecond') at time zone 'UTC' as at ` +
        `from ${schema}.products p join (values ('p1')) as mine (id) on mine.id = p.product_id`;
      const [row] = await ask(url, `select price::text, stock::text, at::text from (${text}) as said`);
      expect(row).to.deep.equal({ price: '19.99', stock: '1999', at: '2026-01-01 00:00:00' });
      const bad = await ask(url, `insert into ${schema}.products (product_id, price) values ('p2', 1)`).catch(String);
      expect(bad).to.match(/products_price_has_a_version/);
    })).timeout(10_000);

  it('that PostgreSQL cannot hold are unknown, and cannot be written', () =>
    inStore({}, async (store) => {
      await store.products.apply([record('a', 1, 1)]);
      expect(await store.products.get('a\0')).to.equal(undefined);
      expect(await store.products.getMany(['a\0', 'a'])).to.deep.equal([undefined, record('a', 1, 1)]);
      const error = await store.products.apply([record('a\0', 1, 1)]).catch((refusal: unknown) => refusal);
      expect(codeOf(error)).to.equal('invalid');
    })).timeout(10_000);

  it('that were never set are told from those that cost nothing', () =>
    inStore({}, async (store, url, schema) => {
      const free = { ...record('free', 0, 1), stock: null, stock_version: NEVER };
      await store.products.apply([free]);
      const [row] = await ask(url, `select price::text, stock from ${schema}.products`);
      expect(row).to.deep.equal({ price: '0', stock: null });
    })).timeout(10_000);

  it('work without prepared statements and session settings, as behind a pooler', () =>
    inSchema(liveUrl(), async (url) => {
      await (await openPostgresStore(url, { deadLetterMax: 2, clock: systemClock })).store[Symbol.asyncDispose]();
      const pooled = withOptions(url, { pooler: 'transaction' });
      const { store } = await openPostgresStore(pooled, { deadLetterMax: 2, clock: systemClock });
      for (let i = 1; i <= 20; i++) await store.products.apply([record('p1', i, i)]);
      expect(await store.products.get('p1')).to.deep.equal(record('p1', 20, 20));
      expect(await store.highestVersion()).to.equal(record('p1', 20, 20).price_version);
      await store[Symbol.asyncDispose]();
    })).timeout(10_000);

  it('that somebody else has locked are unavailable in time, and written when they are free', () =>
    inStore({ timeoutMs: 300, startTimeoutMs: 300 }, async (store, url, schema) => {
      await store.products.apply([record('p1', 1, 1)]);
      const hold = ask(url, `begin; select from ${schema}.products for update; select pg_sleep(1); rollback`);
      const held = `select 1 from pg_stat_activity where state = 'active' and query like '%${schema}.products for update%' and wait_event = 'PgSleep'`;
      while ((await ask(url, held)).length === 0);
      const error = await store.products.apply([record('p1', 2, 2)]).catch((refusal: unknown) => refusal);
      expect(codeOf(error), String(error)).to.equal('unavailable');
      expect(await store.products.get('p1'), 'reads go on').to.deep.equal(record('p1', 1, 1));
      await hold;
      expect(await store.products.apply([record('p1', 2, 2)])).to.have.length(1);
    })).timeout(10_000);
});

describeUnless(missing, 'the highest version', () => {
  it('that cannot be read in time leaves its connection as good as before', () =>
    inStore(
      { timeoutMs: 10_000, startTimeoutMs: 4000, application_name: 'highest', pool: 1 },
      async (store, url, schema) => {
        await store.products.apply([record('p1', 1, 1)]);
        const connections = `select pid from pg_stat_activity where application_name = 'highest'`;
        const before = await ask(url, connections);
        const hold = ask(url, `begin; lock table ${schema}.products; select pg_sleep(5); rollback`);
        while (
          (
            await ask(
              url,
              `select 1 from pg_locks where mode = 'AccessExclusiveLock' and relation = '${schema}.products'::regclass`,
            )
          ).length === 0
        );
        const error = await store.highestVersion().catch((refusal: unknown) => refusal);
        expect(codeOf(error), String(error)).to.equal('unavailable');
        expect(String(error)).to.include('57014');
        await hold;
        expect(await store.highestVersion()).to.equal(record('p1', 1, 1).price_version);
        expect(await ask(url, connections), 'the same one').to.deep.equal(before);
        await store.products.apply([record('p1', 2, 2)]);
      },
    )).timeout(20_000);
});

describeUnless(missing, 'dead letters', () => {
  const letter = (id: string) =>
    ({
      id,
      product_id: 'key\0of a message',
      reason: 'undecodable',
      error: 'not \0 JSON',
      attempts: 0,
      failed_at: '2026-01-01T00:00:00.123Z',
      event: null,
      bytes: Uint8Array.of(0),
    }) as const;

  it('with characters that PostgreSQL cannot hold are kept all the same', () =>
    inStore({}, async (store) => {
      await store.deadLetters.add(letter('a'));
      const kept = await store.deadLetters.get('a');
      expect(kept).to.deep.equal({ ...letter('a'), product_id: 'key\u{fffd}of a message', error: 'not \u{fffd} JSON' });
      expect(await store.deadLetters.get('a\0')).to.equal(undefined);
      expect(await store.deadLetters.remove('a\0')).to.equal(false);
      expect(await store.deadLetters.list({ limit: 9, after: 'a\0' })).to.deep.equal([]);
      expect(await store.deadLetters.list({ limit: 9, after: 'A\0' })).to.deep.equal([kept]);
    })).timeout(10_000);

  it('are counted right whatever people do to the table', () =>
    inStore({}, async (store, url, schema) => {
      for (const id of ['a', 'b']) await store.deadLetters.add(letter(id));
      await ask(url, `delete from ${schema}.dead_letters where id in ('a', 'x')`);
      expect(await store.deadLetters.count()).to.equal(1);
      await store.deadLetters.add(letter('c'));
      await ask(url, `truncate ${schema}.dead_letters`);
      expect(await store.deadLetters.count()).to.equal(0);
      await ask(url, `begin; insert into ${schema}.dead_letters select 'z', '', '', '', 0, now(); rollback`);
      expect(await store.deadLetters.count()).to.equal(0);
    })).timeout(10_000);
});
