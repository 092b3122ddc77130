import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { versionOf } from '@product-updates/domain';
import { codeOf } from '@product-updates/errors';
import { type Durability, systemClock } from '@product-updates/queue';
import { openPostgresStore } from '@product-updates/repository-postgres';
import { ask, describeUnless, inSchema, missingOwn, ownPostgres } from './servers.ts';

const context = { deadLetterMax: 10, clock: systemClock };

async function durabilityOf(url: URL): Promise<Durability> {
  const { store, durability } = await openPostgresStore(url, context);
  await store[Symbol.asyncDispose]();
  return durability;
}

async function refusalOf(url: URL): Promise<Error> {
  return openPostgresStore(url, context).then(
    () => expect.fail('it was opened'),
    (error: unknown) => error as Error,
  );
}

const records = (from: number, count: number) =>
  Array.from({ length: count }, (_, i) => {
    const version = versionOf(Date.UTC(2026, 0, 1), 1);
    return { product_id: `p${from + i}`, price: i, price_version: version, stock: i, stock_version: version };
  });

describeUnless(missingOwn, 'the state of the server', function () {
  this.timeout(30_000);

  it('decides how durable the store says it is', async () => {
    const { url } = await ownPostgres();
    await inSchema(url, async (inOwn) => {
      expect(await durabilityOf(inOwn)).to.equal('disk');
      const set = async (name: string, value: string): Promise<void> => {
        await ask(url, `alter system set ${name} = '${value}'`);
        await ask(url, 'select pg_reload_conf()');
        while ((await ask(url, `select 1 where current_setting('${name}') = '${value}'`)).length === 0);
      };
      try {
        await set('synchronous_commit', 'off');
        expect(await durabilityOf(inOwn)).to.equal('process');
        await set('synchronous_commit', 'on');
        await set('synchronous_standby_names', 'elsewhere');
        expect(await durabilityOf(inOwn)).to.equal('replicated');
        await set('synchronous_commit', 'local');
        expect(await durabilityOf(inOwn)).to.equal('disk');
        await set('fsync', 'off');
        expect(await durabilityOf(inOwn)).to.equal('process');
      } finally {
        for (const name of ['fsync', 'synchronous_standby_names', 'synchronous_commit']) {
          await ask(url, `alter system reset ${name}`);
        }
        await ask(url, 'select pg_reload_conf()');
      }
    });
  });

  it('is waited for while it is read-only', async () => {
    const { url } = await ownPostgres();
    await inSchema(url, async (inOwn) => {
      await durabilityOf(inOwn);
      await ask(url, `drop role if exists reader; create role reader login superuser`);
      await ask(url, `alter role reader set default_transaction_read_only = on`);
      const reader = new URL(inOwn);
      reader.username = 'reader';
      const error = await refusalOf(reader);
      expect(codeOf(error)).to.equal('unavailable');
      expect(error.message).to.match(/read-only/);
    });
  });

  it('is unavailable where nothing answers, and where nothing listens', async () => {
    for (const url of [
      'postgres://127.0.0.1:1/shop',
      'postgres://nobody.invalid/shop',
      'postgres:///x?host=/nowhere',
    ]) {
      const error = await refusalOf(new URL(url));
      expect(codeOf(error), `${url}: ${error.message}`).to.equal('unavailable');
    }
  });

  it('that cannot hold every text is refused', async () => {
    const { url } = await ownPostgres();
    await ask(url, `create database latin encoding 'LATIN1' locale 'C' template template0`);
    const latin = new URL(url);
    latin.pathname = '/latin';
    const error = await refusalOf(latin);
    expect(codeOf(error)).to.equal('misconfigured');
    expect(error.message).to.match(/has the encoding LATIN1.*encoding 'UTF8'/);
    expect(await ask(latin, `select 1 from pg_tables where tablename = 'products'`), 'untouched').to.deep.equal([]);
    await ask(url, 'drop database latin');
  });

  it('that is told to shut down by its operator is unavailable, and used again when it is back', async () => {
    const own = await ownPostgres();
    await inSchema(own.url, async (url) => {
      const { store } = await openPostgresStore(url, context);
      await store.products.apply(records(0, 10));
      // What a fast shutdown, a failover and pg_terminate_backend look like to us: 57P01.
      await ask(
        own.url,
        `select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'product-updates'`,
      );
      const outcomes = await Promise.allSettled(Array.from({ length: 5 }, () => store.ping()));
      for (const outcome of outcomes) {
        if (outcome.status === 'rejected') expect(codeOf(outcome.reason)).to.equal('unavailable');
      }
      expect(await store.products.getMany(['p1'])).to.have.length(1);
      await store[Symbol.asyncDispose]();
    });
  });

  const noSmallDisk = whyNoSmallDisk();
  const full = 'with a full disk takes no writes, goes on reading, and resumes when there is room';
  if (noSmallDisk !== undefined) it.skip(`${full} (${noSmallDisk})`);
  else {
    it(full, async () => {
      const own = await ownPostgres();
      const disk = mkdtempSync(join(tmpdir(), 'small-disk-'));
      execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=24m,mode=0777', 'none', disk]);
      try {
        execFileSync('chown', ['postgres:', disk]);
        await ask(own.url, `create tablespace small location '${disk}'`);
        await ask(own.url, 'create database small tablespace small');
        const url = new URL(own.url);
        url.pathname = '/small';
        const { store } = await openPostgresStore(url, context);
        await store.products.apply(records(0, 10));
        const filler = join(disk, 'filler');
        expect(() => writeFileSync(filler, Buffer.alloc(32 * 2 ** 20)), 'it is full').to.throw(/ENOSPC/);

        const error = await store.products.apply(records(10, 20_000)).catch((refusal: unknown) => refusal);
        expect(codeOf(error), String(error)).to.equal('unavailable');
        expect(String(error)).to.match(/No space left|53100/);
        expect(await store.products.getMany(['p1'])).to.deep.equal(records(0, 10).slice(1, 2));

        rmSync(filler);
        expect(await store.products.apply(records(10, 1000))).to.have.length(1000);
        await store[Symbol.asyncDispose]();
        await ask(own.url, 'drop database small');
        await ask(own.url, 'drop tablespace small');
      } finally {
        execFileSync('umount', ['-l', disk]);
        rmSync(disk, { recursive: true });
      }
    });
  }
});

function whyNoSmallDisk(): string | undefined {
  if (process.getuid?.() !== 0) return 'only root can mount a small disk';
  const disk = mkdtempSync(join(tmpdir(), 'small-disk-'));
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'none', disk], { stdio: 'ignore' });
    execFileSync('umount', [disk]);
    return undefined;
  } catch {
    return 'this machine mounts no small disk for us';
  } finally {
    rmSync(disk, { recursive: true });
  }
}
