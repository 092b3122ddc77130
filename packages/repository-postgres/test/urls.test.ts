import { expect } from 'chai';
import { type Environment, waysOf } from './ways.ts';

describe('a URL', () => {
  const places: readonly [url: string, environment: Environment, ways: string][] = [
    ['postgres:///shop', {}, 'localhost:5432 TLS?, localhost:5432 plain if none'],
    ['postgres:///shop?sslmode=disable', {}, 'localhost:5432 plain'],
    ['postgres:///shop?host=/var/run/postgresql', {}, '/var/run/postgresql:5432 plain'],
    ['postgres://%2Fvar%2Frun%2Fpostgresql/shop?sslmode=require', {}, '/var/run/postgresql:5432 plain'],
    ['postgres://me:pw@%20/shop?host=/cloudsql/project:region:db', {}, '/cloudsql/project:region:db:5432 plain'],
    ['postgres://[::1]:6543/shop?sslmode=disable', {}, '::1:6543 plain'],
    ['postgres://[::1]/shop?sslmode=disable', { PGPORT: '7' }, '::1:7 plain'],
    ['postgres:///shop?sslmode=disable', { PGHOST: 'db', PGPORT: '6543' }, 'db:6543 plain'],
    ['postgres://db/shop', { PGHOST: 'other', PGPORT: '6543', PGSSLMODE: 'verify-full' }, 'db:6543 TLS'],
    ['postgres://db:1/shop', { PGHOST: 'other', PGPORT: '6543', PGSSLMODE: 'disable' }, 'db:1 plain'],
    ['postgres://db/shop?sslmode=require', { PGSSLMODE: 'disable' }, 'db:5432 TLS?'],
    ['postgres://db/shop?ssl=true', { PGSSLMODE: 'disable' }, 'db:5432 TLS?'],
    ['postgres://db/shop', { PGHOST: '', PGPORT: '', PGSSLMODE: 'require' }, 'db:5432 TLS?'],
    ['postgres://one,two/shop?sslmode=disable', {}, 'one:5432 plain, two:5432 plain'],
    ['postgres://one,two/shop?sslmode=disable', { PGPORT: '7' }, 'one:7 plain, two:7 plain'],
    ['postgres://one,two:6543/shop?sslmode=require', {}, 'one:5432 TLS?, two:6543 TLS?'],
    [
      'postgres://one%3A1,%5B%3A%3A1%5D%3A2,three/shop?sslmode=disable',
      {},
      'one:1 plain, ::1:2 plain, three:5432 plain',
    ],
    ['postgres:///shop?host=one,two&port=1,2&sslmode=disable', {}, 'one:1 plain, two:2 plain'],
    ['postgres:///shop?host=one,two&port=9&sslmode=disable', {}, 'one:9 plain, two:9 plain'],
    ['postgres:///shop?sslmode=disable', { PGHOST: 'one,two', PGPORT: '1,' }, 'one:1 plain, two:5432 plain'],
    ['postgres://one,two/shop', {}, 'one:5432 TLS?, one:5432 plain if none, two:5432 TLS?, two:5432 plain if none'],
    ['postgres://db?sslmode=allow', {}, 'db:5432 TLS?, db:5432 plain if none'],
    ['postgres://db?sslmode=prefer', {}, 'db:5432 TLS?, db:5432 plain if none'],
    ['postgres://db?sslmode=prefer&channel_binding=require', {}, 'db:5432 TLS?'],
    ['postgres://db?sslmode=no-verify', {}, 'db:5432 TLS?'],
    ['postgres://db?sslmode=verify-ca', {}, 'db:5432 TLS~'],
    ['postgres://db?sslmode=verify-full', {}, 'db:5432 TLS'],
    ['postgres://db?sslrootcert=system', {}, 'db:5432 TLS'],
  ];
  for (const [url, environment, ways] of places) {
    const set = Object.entries(environment).map(([name, value]) => `${name}=${value} `);
    it(`connects by ${set.join('')}${url} to ${ways}`, () => expect(waysOf(url, environment)).to.equal(ways));
  }

  // As their consoles show them.
  const vendors: readonly [name: string, url: string, ways: string][] = [
    [
      'Neon',
      'postgresql://me:pw@ep-cool-1.eu-central-1.aws.neon.tech/neondb?sslmode=require&channel_binding=require',
      'ep-cool-1.eu-central-1.aws.neon.tech:5432 TLS?',
    ],
    [
      'Neon with its endpoint as an option',
      'postgresql://me:pw@ep-cool-1.neon.tech/neondb?options=endpoint%3Dep-cool-1&sslmode=verify-full&sslrootcert=system',
      'ep-cool-1.neon.tech:5432 TLS',
    ],
    [
      'Supabase',
      'postgres://postgres.ref:pw@aws-0-eu-central-1.pooler.supabase.com:6543/postgres?pgbouncer=true&sslmode=require',
      'aws-0-eu-central-1.pooler.supabase.com:6543 TLS?',
    ],
    [
      'RDS',
      'postgres://me:pw@db.abc.eu-central-1.rds.amazonaws.com:5432/shop?sslmode=require&connect_timeout=10',
      'db.abc.eu-central-1.rds.amazonaws.com:5432 TLS?',
    ],
    [
      'Azure',
      'postgres://me%40shop:pw@shop.postgres.database.azure.com/postgres?sslmode=require',
      'shop.postgres.database.azure.com:5432 TLS?',
    ],
    [
      'Heroku',
      'postgres://me:pw@ec2-1.compute-1.amazonaws.com:5432/d1?ssl=true',
      'ec2-1.compute-1.amazonaws.com:5432 TLS?',
    ],
    [
      'DigitalOcean',
      'postgresql://doadmin:pw@db-do-user-1-0.b.db.ondigitalocean.com:25060/defaultdb?sslmode=require',
      'db-do-user-1-0.b.db.ondigitalocean.com:25060 TLS?',
    ],
    [
      'Patroni',
      'postgresql://me:pw@10.0.0.1,10.0.0.2/shop?target_session_attrs=read-write&sslmode=disable&application_name=x',
      '10.0.0.1:5432 plain, 10.0.0.2:5432 plain',
    ],
    [
      'Aiven',
      'postgres://avnadmin:pw@pg-1.aivencloud.com:12345/defaultdb?sslmode=require',
      'pg-1.aivencloud.com:12345 TLS?',
    ],
    ['Fly', 'postgres://postgres:pw@app.flycast:5432/app?sslmode=disable', 'app.flycast:5432 plain'],
  ];
  for (const [name, url, ways] of vendors) {
    it(`takes a URL of ${name}`, () => expect(waysOf(url)).to.equal(ways));
  }
});
