import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { codeOf } from '@product-updates/errors';
import { readOptions } from '../src/options.ts';

const read = (url: string) => readOptions(new URL(url));

describe('readOptions', () => {
  it('reads a bare URL', () => {
    expect(read('postgres://db')).to.deep.equal({
      connection: { host: 'db', port: 5432, ssl: false, application_name: 'product-updates' },
      place: 'db:5432',
      schema: undefined,
      pool: 10,
      timeoutMs: 5000,
      startTimeoutMs: 60_000,
      migrate: true,
      pooled: false,
    });
  });

  it('reads every option', () => {
    const url =
      'postgresql://a%40b:p%2Fw%23@db:6543/my%20shop?schema=shop&pool=3&timeoutMs=700&startTimeoutMs=900&migrate=false&application_name=me';
    expect(read(url)).to.deep.equal({
      connection: {
        host: 'db',
        port: 6543,
        user: 'a@b',
        password: 'p/w#',
        database: 'my shop',
        ssl: false,
        application_name: 'me',
      },
      place: 'db:6543/my shop',
      schema: 'shop',
      pool: 3,
      timeoutMs: 700,
      startTimeoutMs: 900,
      migrate: false,
      pooled: false,
    });
  });

  it('never migrates behind a pooler', () => {
    expect(read('postgres://db?pooler=transaction')).to.include({ migrate: false, pooled: true });
    expect(read('postgres://db?pooler=none')).to.include({ migrate: true, pooled: false });
  });

  it('reads other ways to say where', () => {
    expect(read('postgres:///shop?host=/var/run/postgresql').connection).to.include({ host: '/var/run/postgresql' });
    expect(read('postgres:///shop').connection).to.include({ host: 'localhost', database: 'shop' });
    expect(read('postgres://[::1]:6543/shop').connection).to.include({ host: '::1', port: 6543 });
  });

  const refused: Readonly<Record<string, RegExp>> = {
    'postgres://me:secret@db?pol=3': /unknown option "pol"; known: schema, pool, timeoutMs/,
    'postgres://me:secret@db?pool=0': /"pool" is a whole number from 1 to 200/,
    'postgres://me:secret@db?timeoutMs=49': /"timeoutMs"/,
    'postgres://me:secret@db?startTimeoutMs=x': /"startTimeoutMs"/,
    'postgres://me:secret@db?migrate=maybe': /"migrate" is one of true, false/,
    'postgres://me:secret@db?pooler=session': /"pooler" is one of none, transaction/,
    'postgres://me:secret@db?pooler=transaction&migrate=true': /run `npm run migrate` directly/,
    'postgres://me:secret@db?sslmode=prefer': /"sslmode" is one of disable, no-verify, require/,
    'postgres://me:secret@db?sslmode=disable&sslrootcert=x': /contradict/,
    'postgres://me:secret@db?sslrootcert=/nowhere/ca.pem': /"sslrootcert": the file cannot be read/,
    'postgres://me:secret@db?schema=pg_mine': /"schema" is a name/,
    'postgres://me:secret@db?schema=a%22b': /"schema" is a name/,
    [`postgres://me:secret@db?schema=${'x'.repeat(64)}`]: /"schema" is a name/,
    'postgres://me:secret@db/shop/two': /one database/,
    'postgres://me:secret@db/shop#secret': /%23/,
    'postgres://me:secret@db,other/shop': /one host/,
    'postgres://me:secret@db/shop?host=other': /stands twice/,
    'postgres://me:secret%zz@db/shop': /the password in the URL has a %/,
  };
  for (const [url, why] of Object.entries(refused)) {
    it(`refuses ${url.replace('me:secret', '…')}`, () => {
      let error: Error | undefined;
      try {
        read(url);
      } catch (refusal) {
        error = refusal as Error;
      }
      expect(codeOf(error)).to.equal('misconfigured');
      expect(error?.message).to.match(why);
      expect(`${error?.stack} ${String(error?.cause)}`).not.to.include('secret');
    });
  }

  describe('TLS', () => {
    let folder: string;
    before(() => {
      folder = mkdtempSync(join(tmpdir(), 'pg-tls-'));
      for (const name of ['ca', 'cert', 'key']) writeFileSync(join(folder, name), name);
    });
    after(() => rmSync(folder, { recursive: true }));

    const tls = (query: string) => read(`postgres://db?${query}`).connection.ssl;

    it('is off unless it is asked for', () => {
      expect(tls('')).to.equal(false);
      expect(tls('sslmode=disable')).to.equal(false);
    });

    it('checks the certificate in every mode but no-verify', () => {
      for (const mode of ['require', 'verify-ca', 'verify-full']) {
        expect(tls(`sslmode=${mode}`), mode).to.deep.equal({ rejectUnauthorized: true });
      }
      expect(tls('sslmode=no-verify')).to.deep.equal({ rejectUnauthorized: false });
    });

    it('reads the files', () => {
      const files = `sslrootcert=${folder}/ca&sslcert=${folder}/cert&sslkey=${folder}/key`;
      expect(tls(files)).to.deep.equal({ rejectUnauthorized: true, ca: 'ca', cert: 'cert', key: 'key' });
    });
  });
});
