import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { codeOf, describe as tell } from '@product-updates/errors';
import { readOptions } from '../src/options.ts';
import { waysOf } from './ways.ts';

type Environment = Readonly<Record<string, string>>;

const read = (url: string, environment: Environment = {}) => readOptions(new URL(url), environment);

const session = {
  application_name: 'product-updates',
  connectionTimeoutMillis: 0,
  keepAlive: true,
  keepAliveInitialDelayMillis: 10_000,
  sslnegotiation: 'postgres',
  channelBinding: 'prefer',
};

describe('readOptions', () => {
  it('reads a bare URL', () => {
    expect(read('postgres://db')).to.deep.equal({
      session,
      endpoints: [
        { host: 'db', port: 5432, ssl: { rejectUnauthorized: false }, onlyWithoutTls: false },
        { host: 'db', port: 5432, ssl: false, onlyWithoutTls: true },
      ],
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
      'postgresql://a%40b:p%2Fw%23@db:6543/my%20shop?schema=shop&pool=3&timeoutMs=700&startTimeoutMs=900&migrate=false' +
      '&application_name=me&options=-c%20search_path%3Da&connect_timeout=3&keepalives=0&keepalives_idle=7' +
      '&channel_binding=require&gssencmode=disable&sslmode=verify-full&sslnegotiation=direct&client_encoding=UTF8' +
      '&target_session_attrs=read-write&load_balance_hosts=disable&sslsni=1&sslcompression=0' +
      '&ssl_min_protocol_version=TLSv1.2&ssl_max_protocol_version=TLSv1.3&sslrootcert=system';
    expect(read(url)).to.deep.equal({
      session: {
        user: 'a@b',
        password: 'p/w#',
        database: 'my shop',
        application_name: 'me',
        options: '-c search_path=a',
        connectionTimeoutMillis: 3000,
        keepAlive: false,
        keepAliveInitialDelayMillis: 7000,
        sslnegotiation: 'direct',
        channelBinding: 'require',
      },
      endpoints: [
        {
          host: 'db',
          port: 6543,
          ssl: { rejectUnauthorized: true, minVersion: 'TLSv1.2', maxVersion: 'TLSv1.3' },
          onlyWithoutTls: false,
        },
      ],
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
    for (const option of ['pooler=transaction', 'pgbouncer=true']) {
      expect(read(`postgres://db?${option}`)).to.include({ migrate: false, pooled: true });
    }
    expect(read('postgres://db?pooler=none')).to.include({ migrate: true, pooled: false });
  });

  it('takes from the environment what the URL leaves out, and nothing else', () => {
    const environment = {
      PGUSER: 'me',
      PGPASSWORD: 'pw',
      PGDATABASE: 'shop',
      PGAPPNAME: 'app',
      PGOPTIONS: '-c geqo=off',
      PGCONNECT_TIMEOUT: '4',
      PGCHANNELBINDING: 'disable',
      PGTARGETSESSIONATTRS: 'primary',
      SCHEMA: 'x',
    };
    const given = {
      user: 'me',
      password: 'pw',
      database: 'shop',
      application_name: 'app',
      options: '-c geqo=off',
      connectionTimeoutMillis: 4000,
      channelBinding: 'disable',
    };
    expect(read('postgres://db', environment)).to.deep.include({
      session: { ...session, ...given },
      schema: undefined,
    });
    const full =
      'postgres://you:word@db/other?application_name=mine&options=-c%20a=b&connect_timeout=5&channel_binding=prefer';
    expect(read(full, environment).session).to.deep.equal({
      ...session,
      user: 'you',
      password: 'word',
      database: 'other',
      application_name: 'mine',
      options: '-c a=b',
      connectionTimeoutMillis: 5000,
    });
    const asOptions = read('postgres:///?user=you&password=word&dbname=other&fallback_application_name=f').session;
    expect(asOptions).to.deep.equal({
      ...session,
      user: 'you',
      password: 'word',
      database: 'other',
      application_name: 'f',
    });
  });

  const refused: Readonly<Record<string, RegExp>> = {
    'postgres://me:secret@db?pol=3': /unknown option "pol"; known: schema, pool, timeoutMs/,
    'postgres://me:secret@db?pool=0': /"pool" is a whole number from 1 to 200/,
    'postgres://me:secret@db?timeoutMs=49': /"timeoutMs"/,
    'postgres://me:secret@db?startTimeoutMs=x': /"startTimeoutMs"/,
    'postgres://me:secret@db?migrate=maybe': /"migrate" is one of true, false/,
    'postgres://me:secret@db?pooler=session': /"pooler" is one of none, transaction/,
    'postgres://me:secret@db?pooler=transaction&migrate=true': /run `npm run migrate` directly/,
    'postgres://me:secret@db?sslmode=sometimes': /"sslmode" is one of disable, allow, prefer, require/,
    'postgres://me:secret@db?sslmode=disable&sslrootcert=x': /contradict/,
    'postgres://me:secret@db?sslmode=disable&channel_binding=require': /channel_binding=require needs TLS/,
    'postgres://me:secret@db?sslmode=require&sslrootcert=system': /sslrootcert=system needs sslmode=verify-full/,
    'postgres://me:secret@db?sslnegotiation=direct': /sslnegotiation=direct needs TLS/,
    'postgres://me:secret@db?sslrootcert=/nowhere/ca.pem': /"sslrootcert": the file cannot be read/,
    'postgres://me:secret@db?schema=pg_mine': /"schema" is a name/,
    'postgres://me:secret@db?schema=a%22b': /"schema" is a name/,
    [`postgres://me:secret@db?schema=${'x'.repeat(64)}`]: /"schema" is a name/,
    'postgres://me:secret@db/shop/two': /one database/,
    'postgres://me:secret@db/shop#secret': /%23/,
    'postgres://me:secret@db/shop?host=other': /host is given twice/,
    'postgres://me:secret@db:1/shop?port=2': /port is given twice/,
    'postgres://me:secret@db/shop?password=other': /password is given twice/,
    'postgres:///shop?host=one,two,three&port=1,2': /3 hosts and 2 ports/,
    'postgres://one%3Asecret,two/shop': /a port is a number from 1 to 65535/,
    'postgres:///shop?port=70000': /a port is a number/,
    'postgres://me:secret%zz@db/shop': /the password in the URL has a %/,
    'postgres://db?hostaddr=10.0.0.1': /unknown option "hostaddr"/,
    'postgres://db?service=shop': /unknown option "service"/,
    'postgres://db?gssencmode=require': /"gssencmode" is one of disable, prefer/,
    'postgres://db?target_session_attrs=standby': /"target_session_attrs" is one of any, read-write, primary/,
    'postgres://db?client_encoding=LATIN1': /"client_encoding" is one of UTF8/,
    // What is left of a password that was not escaped.
    'postgres://me:12?secret@db/shop': /an @ stands behind/,
    'postgres://me:12?pool=secret@db/shop': /an @ stands behind/,
    'postgres://me:12#secret@db/shop': /%23/,
    'postgres://me:12/secret@db/shop': /%2F/,
    'postgres://me:12/secret@db': /%2F/,
  };
  for (const [url, why] of Object.entries(refused)) {
    it(`refuses ${url.replaceAll('secret', '…')}`, () => {
      const error = refusalOf(() => read(url));
      expect(error.message).to.match(why);
      expect(`${error.stack} ${String(error.cause)}`).not.to.include('secret');
    });
  }

  const badEnvironments: readonly [Environment, RegExp][] = [
    [{ PGSSLMODE: 'maybe' }, /PGSSLMODE in the environment: .*"sslmode" is one of disable/],
    [{ PGCONNECT_TIMEOUT: 'soon' }, /PGCONNECT_TIMEOUT in the environment: .*whole number/],
    [{ PGGSSENCMODE: 'require' }, /PGGSSENCMODE in the environment/],
    [{ PGTARGETSESSIONATTRS: 'standby' }, /PGTARGETSESSIONATTRS in the environment/],
    [{ PGPORT: 'x' }, /a port is a number/],
    ...['PGHOSTADDR', 'PGSERVICE', 'PGREQUIREAUTH', 'PGREQUIRESSL'].map((name): [Environment, RegExp] => [
      { [name]: '1' },
      new RegExp(`${name} is set, which is not supported`),
    ]),
  ];
  for (const [environment, why] of badEnvironments) {
    it(`refuses ${JSON.stringify(environment)}`, () => {
      expect(tell(refusalOf(() => read('postgres://db', { PGPASSWORD: 'secret', ...environment })))).to.match(why);
    });
  }

  describe('the files of TLS', () => {
    let folder: string;
    let files: Readonly<Record<'cert' | 'key', string>>;
    before(() => {
      folder = mkdtempSync(join(tmpdir(), 'pg-tls-'));
      files = { cert: join(folder, 'cert'), key: join(folder, 'key') };
      const made = 'req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -subj /CN=localhost'.split(' ');
      execFileSync('openssl', [...made, '-keyout', files.key, '-out', files.cert], { stdio: 'ignore' });
    });
    after(() => rmSync(folder, { recursive: true }));

    const tls = (query: string) => read(`postgres://db?${query}`).endpoints[0].ssl;

    it('are read, and the certificate is checked unless that is refused', () => {
      const [cert, key] = [readFileSync(files.cert, 'utf8'), readFileSync(files.key, 'utf8')];
      const all = `sslrootcert=${files.cert}&sslcert=${files.cert}&sslkey=${files.key}`;
      expect(tls(all)).to.deep.equal({ rejectUnauthorized: true, ca: cert, cert, key });
      expect(tls(`sslmode=no-verify&sslrootcert=${files.cert}`)).to.deep.equal({ rejectUnauthorized: false, ca: cert });
    });

    it('make require what verify-ca is, as in libpq', () => {
      expect(waysOf(`postgres://db?sslmode=require&sslrootcert=${files.cert}`)).to.equal('db:5432 TLS~');
    });

    it('are refused where they are none', () => {
      const none = join(folder, 'none');
      writeFileSync(none, 'secret');
      const error = refusalOf(() => tls(`sslcert=${none}&sslkey=${none}`));
      expect(error.message).to.match(/do not make a TLS client/);
      expect(tell(error)).not.to.include('secret');
    });
  });
});

function refusalOf(run: () => unknown): Error {
  try {
    run();
  } catch (error) {
    expect(codeOf(error), String(error)).to.equal('misconfigured');
    return error as Error;
  }
  return expect.fail('it was not refused');
}
