import { systemClock } from '@product-updates/queue';
import { everyTest, type Refusal, storeContract } from '@product-updates/repository/contract';
import { migratePostgres, openPostgresStore } from '@product-updates/repository-postgres';
import { translate } from '../src/errors.ts';
import { createPlace, HURTS_THE_SERVER } from './contract-place.ts';
import { nativeErrors } from './native-errors.ts';
import { ask, inSchema, liveUrl, missing, missingOwn, ownPostgres, withOptions } from './servers.ts';

const context = { deadLetterMax: 10, clock: systemClock };
const PASSWORD = 'a-secret-that-nobody-may-see';

storeContract({
  name: 'postgres',
  declared: { durability: 'disk' },
  place: createPlace,
  errors: { translate, rows: nativeErrors },
  refusals: [
    refusal('tables of a newer version', /newer version \(9999_from_the_future\)/, async (url, schema) => {
      await migratePostgres(url, { direction: 'up', log: () => {} });
      await ask(
        url,
        `insert into ${schema}.product_updates_migrations (name, run_on) values ('9999_from_the_future', now())`,
      );
      await openPostgresStore(url, context);
    }),
    refusal('no tables, and migrate=false', /run `npm run migrate`/, async (url) => {
      await openPostgresStore(withOptions(url, { migrate: 'false' }), context);
    }),
    refusal('a products table that is not ours', /not ours .*choose another with schema=/, async (url, schema) => {
      await ask(url, `create schema ${schema}; create table ${schema}.products (id int)`);
      await openPostgresStore(url, context);
    }),
    refusal('a database that is not there', /database "nowhere" does not exist/, async (url) => {
      const elsewhere = new URL(url);
      elsewhere.pathname = '/nowhere';
      await openPostgresStore(elsewhere, context);
    }),
    {
      name: 'a wrong password',
      says: /password authentication failed for user "locked"/,
      password: PASSWORD,
      async open() {
        const { url } = await ownPostgres();
        await ask(url, `drop role if exists locked; create role locked login password 'another'`);
        const locked = new URL(url);
        locked.username = 'locked';
        locked.password = PASSWORD;
        return openPostgresStore(locked, context);
      },
    },
    {
      name: 'an unknown option',
      says: /unknown option "pol".*known: schema, pool/,
      password: PASSWORD,
      open: () => openPostgresStore(new URL(`postgres://me:${PASSWORD}@127.0.0.1/shop?pol=3`), context),
    },
  ],
  skip: missing === undefined ? skippedWithout(missingOwn) : everyTest(missing),
});

function refusal(name: string, says: RegExp, attempt: (url: URL, schema: string) => Promise<void>): Refusal {
  return {
    name,
    says,
    async open() {
      await inSchema(liveUrl(), attempt);
      throw new Error(`${name}: it was opened`);
    },
  };
}

function skippedWithout(reason: string | undefined): readonly { readonly test: string; readonly reason: string }[] {
  return reason === undefined ? [] : [...HURTS_THE_SERVER, 'R20.2'].map((test) => ({ test, reason }));
}
