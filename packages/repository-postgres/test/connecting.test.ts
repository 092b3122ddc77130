import { execFileSync } from 'node:child_process';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { versionOf } from '@product-updates/domain';
import { codeOf, describe as tell } from '@product-updates/errors';
import { systemClock } from '@product-updates/queue';
import { eventually } from '@product-updates/queue/contract';
import { openPostgresStore } from '@product-updates/repository-postgres';
import { startOwnPostgres, startOwnStandby } from '@product-updates/tooling/own-postgres';
import { ask, describeUnless, missingOwn, type OwnPostgres, ownPostgres, withOptions } from './servers.ts';

const context = { deadLetterMax: 10, clock: systemClock };
type Environment = Readonly<Record<string, string>>;

/** What opening says of where it is; or the code and the text of why not. */
async function opened(url: URL, environment: Environment = {}): Promise<string> {
  try {
    const { store, description } = await openPostgresStore(url, { ...context, environment });
    await store[Symbol.asyncDispose]();
    return description;
  } catch (error) {
    return `${codeOf(error)}: ${tell(error)}`;
  }
}

const record = (price: number) => {
  const version = versionOf(Date.UTC(2026, 0, 1), price);
  return { product_id: 'p', price, price_version: version, stock: price, stock_version: version };
};

describeUnless(missingOwn, 'where it connects to', function () {
  this.timeout(60_000);

  it('is what the environment says, where the URL does not', async () => {
    const { port } = await ownPostgres();
    const environment = { PGHOST: '127.0.0.1', PGPORT: `${port}`, PGUSER: 'postgres', PGDATABASE: 'postgres' };
    expect(await opened(new URL('postgres:'), environment)).to.include(`at 127.0.0.1:${port}/postgres, no TLS`);
    const elsewhere = { ...environment, PGHOST: 'nobody.invalid' };
    expect(await opened(new URL('postgres:'), elsewhere), 'and no other').to.match(/^unavailable: .*nobody\.invalid/);
    expect(await opened(new URL('postgres:'), { ...environment, PGSSLMODE: 'require' })).to.match(
      /^misconfigured: .*does not support SSL/,
    );
    const asked = withOptions(new URL('postgres://postgres@127.0.0.1/postgres?port=1'), { port });
    expect(await opened(asked, { ...environment, PGPORT: '1' })).to.include(`at 127.0.0.1:${port}/postgres`);
  });

  it('is the primary of several servers, also after another one was promoted', async () => {
    await using first = await startOwnPostgres();
    await using second = await startOwnStandby(first);
    const hosts = [1, second.port, first.port].map((port) => `127.0.0.1%3A${port}`).join(',');
    const url = new URL(`postgres://postgres@${hosts}/postgres?target_session_attrs=read-write&timeoutMs=2000`);
    const { store } = await openPostgresStore(url, context);
    try {
      await store.products.apply([record(1)]);
      expect(await store.products.get('p')).to.deep.equal(record(1));
      while ((await ask(second.url, 'select 1 from products').catch(() => [])).length === 0); // it has caught up
      await first.kill();
      await ask(second.url, 'select pg_promote()');
      await eventually(5000, () => store.products.apply([record(2)]));
      await eventually(5000, async () => expect(await store.products.get('p')).to.deep.equal(record(2)));
      await store.ping();
      expect(await ask(second.url, 'select price::text from products')).to.deep.equal([{ price: '2' }]);
    } finally {
      await store[Symbol.asyncDispose]();
    }
  });

  it('is no standby, for reads either', async () => {
    await using first = await startOwnPostgres();
    expect(await opened(first.url)).to.match(/^PostgreSQL/);
    await using second = await startOwnStandby(first);
    expect(await opened(second.url)).to.match(/^unavailable: .*read-only standby/);
    const both = `127.0.0.1%3A${first.port},127.0.0.1%3A${second.port}`;
    const { store } = await openPostgresStore(new URL(`postgres://postgres@${both}/postgres`), context);
    await first.kill();
    await eventually(5000, async () => {
      const error = await store.products.get('p').catch((refused: unknown) => refused);
      expect(codeOf(error), String(error)).to.equal('unavailable');
      expect(String(error)).to.match(/recovery is in progress|ECONNREFUSED/);
    });
    await store[Symbol.asyncDispose]();
  });
});

describeUnless(missingOwn, 'how it is encrypted', function () {
  this.timeout(60_000);
  let folder: string;
  let cert: string;
  let server: OwnPostgres;
  let url: URL;

  before(async () => {
    folder = mkdtempSync(join(tmpdir(), 'pg-cert-'));
    const key = join(folder, 'server.key');
    cert = join(folder, 'server.crt');
    const subject = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost'];
    const made = ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];
    execFileSync('openssl', [...made, '-keyout', key, '-out', cert, ...subject], { stdio: 'ignore' });
    chmodSync(folder, 0o755);
    chmodSync(key, 0o600);
    if (process.getuid?.() === 0) execFileSync('chown', ['postgres:', key]);
    const rules = join(folder, 'pg_hba.conf');
    const methods = ['scram all scram-sha-256', 'clear all password', 'all all trust'];
    writeFileSync(rules, methods.map((method) => `host all ${method}\n`).join(''));
    const settings = ['ssl=on', `hba_file=${rules}`, `ssl_cert_file=${cert}`, `ssl_key_file=${key}`].flatMap((each) => [
      '-c',
      each,
    ]);
    server = await startOwnPostgres({ args: settings });
    url = server.url;
  });
  after(async () => {
    await server[Symbol.asyncDispose]();
    rmSync(folder, { recursive: true });
  });

  it('is what sslmode means in libpq', async () => {
    const encrypted = /, TLS, /;
    const untrusted = /^unavailable: .*self-signed certificate/;
    const verify: Record<string, RegExp> = { 'verify-full': untrusted, 'verify-ca': untrusted };
    for (const sslmode of ['allow', 'prefer', 'require', 'no-verify', 'verify-ca', 'verify-full']) {
      expect(await opened(withOptions(url, { sslmode })), sslmode).to.match(verify[sslmode] ?? encrypted);
    }
    expect(await opened(url), 'unless something else is asked for').to.match(encrypted);
    expect(await opened(withOptions(url, { sslmode: 'disable' }))).to.match(/, no TLS, /);
    for (const sslmode of ['require', 'verify-ca']) {
      expect(await opened(withOptions(url, { sslmode, sslrootcert: cert })), sslmode).to.match(encrypted);
    }
    const byAddress = await opened(withOptions(url, { sslmode: 'verify-full', sslrootcert: cert }));
    expect(byAddress).to.match(/^unavailable: .*does not match/);
    const byName = new URL(url);
    byName.hostname = 'localhost';
    expect(await opened(byName, { PGSSLMODE: 'verify-full', PGSSLROOTCERT: cert })).to.match(encrypted);
  });

  it('binds the password to the certificate where that is asked for, and sends none where it cannot', async () => {
    for (const role of ['scram', 'clear']) await ask(url, `create role ${role} login superuser password 'secret'`);
    const as = (user: string): URL => {
      const bound = withOptions(url, { channel_binding: 'require' });
      bound.username = user;
      bound.password = 'secret';
      return bound;
    };
    expect(await opened(as('scram'))).to.match(/, TLS, /);
    for (const user of ['clear', 'postgres']) {
      expect(await opened(as(user)), user).to.match(
        /^misconfigured: .*channel_binding=require, but the server does not/,
      );
    }
    expect(await opened(withOptions(as('clear'), { channel_binding: 'prefer' }))).to.match(/, TLS, /);
  });
});
