import { everyTest, storeContract } from '@product-updates/repository/contract';
import { liveService } from '@product-updates/tooling/live-service';
import { translate } from '../src/errors.ts';
import { errorRows } from './error-rows.ts';
import { redisPlace } from './place.ts';
import { settingOf } from './redis-commands.ts';
import { refusals } from './refusals.ts';

const live = await liveService('redis');
const missing = 'missing' in live ? live.missing : undefined;
const synced = 'url' in live && (await settingOf(live.url, 'appendfsync')) === 'always';

storeContract({
  name: 'redis',
  declared: { durability: synced ? 'disk' : 'process', runs: { quick: 50, long: 500 } },
  place: (id) => redisPlace(id, 'url' in live ? live.url : new URL('redis://127.0.0.1')),
  errors: { translate, rows: errorRows },
  refusals,
  skip: missing === undefined ? [] : everyTest(missing),
});
