import { everyTest, storeContract } from '@product-updates/repository/contract';
import { translate } from '../src/errors.ts';
import { errorRows } from './error-rows.ts';
import { liveUrl, missing, missingOwn } from './live.ts';
import { needsOwn, redisPlace } from './place.ts';
import { settingOf } from './redis-commands.ts';
import { refusals } from './refusals.ts';

const synced = missing === undefined && (await settingOf(liveUrl(), 'appendfsync')) === 'always';

storeContract({
  name: 'redis',
  declared: { durability: synced ? 'disk' : 'process', roundTripsPerBatch: 4, runs: { quick: 50, long: 500 } },
  place: (id) => redisPlace(id, liveUrl()),
  errors: { translate, rows: errorRows },
  refusals,
  skip: missing === undefined ? skippedWithout(missingOwn) : everyTest(missing),
});

function skippedWithout(reason: string | undefined): readonly { readonly test: string; readonly reason: string }[] {
  const notHeld = { test: 'R29', reason: 'nobody can hold a key of Redis: each script runs alone' };
  return [notHeld, ...(reason === undefined ? [] : [...needsOwn, 'R20.2'].map((test) => ({ test, reason })))];
}
