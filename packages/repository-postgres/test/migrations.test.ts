import { expect } from 'chai';
import { codeOf } from '@product-updates/errors';
import { systemClock } from '@product-updates/queue';
import { migratePostgres, openPostgresStore } from '@product-updates/repository-postgres';
import { pendingMigrations } from '../src/migrations.ts';
import { ask, describeUnless, inSchema, liveUrl, missing, withOptions } from './servers.ts';

const context = { deadLetterMax: 10, clock: systemClock };
const ALL = ['0001_products', '0002_dead_letters'];
const silent = (): void => {};

async function tablesOf(url: URL, schema: string): Promise<unknown[]> {
  const text = `select table_name from information_schema.tables where table_schema = $1 order by 1`;
  const rows = await ask(url, text, [schema]);
  return rows.map((row) => row['table_name']);
}

async function refusalOf(promise: Promise<unknown>): Promise<Error> {
  return promise.then(
    () => expect.fail('it was not refused'),
    (error: unknown) => error as Error,
  );
}

describe('pendingMigrations', () => {
  it('names what has not run, in order, and refuses what it does not know', () => {
    expect(pendingMigrations([], 'shop')).to.deep.equal(ALL);
    expect(pendingMigrations(['0001_products'], 'shop')).to.deep.equal(['0002_dead_letters']);
    expect(pendingMigrations(ALL, 'shop')).to.deep.equal([]);
    expect(() => pendingMigrations([...ALL, '0003_more'], 'shop')).to.throw(/newer version \(0003_more\)/);
  });
});

describeUnless(missing, 'migrations', () => {
  it('go up, down and up again, and leave nothing but their own table', () =>
    inSchema(liveUrl(), async (url, schema) => {
      const lines: string[] = [];
      expect(await migratePostgres(url, { direction: 'up', log: (line) => lines.push(line) })).to.deep.equal(ALL);
      expect(lines.join('\n')).to.include('0001_products').and.to.include('0002_dead_letters');
      expect(await migratePostgres(url, { direction: 'up', log: silent })).to.deep.equal([]);
      expect(await tablesOf(url, schema)).to.deep.equal([
        'dead_letter_count',
        'dead_letters',
        'product_updates_migrations',
        'products',
      ]);

      expect(await migratePostgres(url, { direction: 'down', log: silent })).to.deep.equal(['0002_dead_letters']);
      const rest = await migratePostgres(url, { direction: 'down', count: 5, log: silent });
      expect(rest).to.deep.equal(['0001_products']);
      expect(await tablesOf(url, schema)).to.deep.equal(['product_updates_migrations']);
      const functions = await ask(url, `select proname from pg_proc where pronamespace = $1::regnamespace`, [schema]);
      expect(functions).to.deep.equal([]);

      expect(await migratePostgres(url, { direction: 'up', count: 1, log: silent })).to.deep.equal(['0001_products']);
      const { store } = await openPostgresStore(url, context);
      await store[Symbol.asyncDispose]();
      expect(await tablesOf(url, schema)).to.include('dead_letters');
    })).timeout(20_000);

  it('need a direct connection, and no newer tables', () =>
    inSchema(liveUrl(), async (url, schema) => {
      const pooled = withOptions(url, { pooler: 'transaction' });
      expect((await refusalOf(migratePostgres(pooled, { direction: 'up', log: silent }))).message).to.match(/pooler/);
      await migratePostgres(url, { direction: 'up', log: silent });
      await ask(url, `insert into ${schema}.product_updates_migrations (name, run_on) values ('0009_x', now())`);
      const error = await refusalOf(migratePostgres(url, { direction: 'down', log: silent }));
      expect(error.message).to.match(/newer version/);
    })).timeout(20_000);

  it('are given up when the lock is held for too long, and leave nothing half done', () =>
    inSchema(liveUrl(), async (url, schema) => {
      // As another process that migrates would hold it.
      const { PG_MIGRATE_LOCK_ID } = await import('node-pg-migrate');
      const hold = ask(url, `select pg_advisory_lock(${PG_MIGRATE_LOCK_ID}), pg_sleep(1.5)`);
      await waitFor(async () => {
        const rows = await ask(url, `select 1 from pg_locks where locktype = 'advisory' and granted`);
        return rows.length > 0;
      });
      const error = await refusalOf(openPostgresStore(withOptions(url, { startTimeoutMs: 200 }), context));
      expect(codeOf(error)).to.equal('unavailable');
      expect(error.message).to.match(/did not end within 200 ms/);
      await hold;
      const { store } = await openPostgresStore(url, context);
      await store[Symbol.asyncDispose]();
      expect(await tablesOf(url, schema)).to.include('products');
    })).timeout(20_000);

  it('run once for many who open at the same time in one process', () =>
    inSchema(liveUrl(), async (url) => {
      const opened = await Promise.all(Array.from({ length: 4 }, () => openPostgresStore(url, context)));
      for (const { store } of opened) await store[Symbol.asyncDispose]();
    })).timeout(20_000);
});

describeUnless(missing, 'a role that may not create tables', () => {
  const role = `role_${process.pid}_${Math.random().toString(36).slice(2, 8)}`;
  before(() => ask(liveUrl(), `create role ${role} login`));
  after(() => ask(liveUrl(), `drop role ${role}`));

  const as = (url: URL): URL => {
    const changed = withOptions(url, { migrate: 'false' });
    changed.username = role;
    return changed;
  };

  it('is told who must migrate, which rights it lacks, and works when it has them', () =>
    inSchema(liveUrl(), async (url, schema) => {
      try {
        await ask(url, `create schema ${schema}; grant usage on schema ${schema} to ${role}`);
        const mayMigrate = withOptions(as(url), { migrate: 'true' });
        const first = await refusalOf(openPostgresStore(mayMigrate, context));
        expect(codeOf(first), first.message).to.equal('misconfigured');
        expect(first.message).to.match(/may not create the tables: run `npm run migrate`/);

        await migratePostgres(url, { direction: 'up', log: silent });
        await ask(url, `grant select on all tables in schema ${schema} to ${role}`);
        const second = await refusalOf(openPostgresStore(as(url), context));
        expect(codeOf(second)).to.equal('misconfigured');
        expect(second.message).to.include(`grant insert on ${schema}.products, update on ${schema}.products`);
        expect(second.message).to.include(`delete on ${schema}.dead_letters`);

        await ask(url, `grant insert, update on ${schema}.products to ${role}`);
        await ask(url, `grant insert, update, delete on ${schema}.dead_letters to ${role}`);
        await ask(url, `grant update on ${schema}.dead_letter_count to ${role}`);
        const { store } = await openPostgresStore(as(url), context);
        await store[Symbol.asyncDispose]();
      } finally {
        await ask(url, `drop owned by ${role}`);
      }
    })).timeout(20_000);
});

async function waitFor(check: () => Promise<boolean>): Promise<void> {
  while (!(await check())) await new Promise((resolve) => setTimeout(resolve, 10));
}
