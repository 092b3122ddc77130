import { join } from 'node:path';
import { systemClock } from '@product-updates/queue';
import { openLmdbStore } from '@product-updates/repository-lmdb';
import { contest, type Contest, type ContestOptions } from './contest.ts';
import { createDataFolder } from './data-folder.ts';
import { bareSide, openBareLmdb } from './lmdb-bare.ts';
import { sideOf } from './open-side.ts';

export async function measureLmdbStore(options: ContestOptions): Promise<Contest> {
  using folder = createDataFolder();
  const url = new URL(`lmdb:${join(folder.path, 'ours')}`);
  await using ours = sideOf(await openLmdbStore(url, { deadLetterMax: 1000, clock: systemClock }));
  const bare = openBareLmdb(folder.path);
  try {
    return await contest({ ours, bare: bareSide(bare) }, options);
  } finally {
    await bare.close();
  }
}
