import { systemClock } from '@product-updates/queue';
import { openRedisStore } from '@product-updates/repository-redis';
import { contest, type Contest, type ContestOptions } from './contest.ts';
import { sideOf } from './open-side.ts';
import { learnScript, openBareRedis } from './redis-bare.ts';
import { openPrefix } from './redis-prefix.ts';
import type { ServerJob } from './tasks.ts';

/** Short, so that a rewrite of the append-only file, which takes a second or more, slows both sides alike. */
const PRODUCTS_PER_TURN = 10_000;

export async function measureRedis({ url, ...options }: ContestOptions & ServerJob): Promise<Contest> {
  await using prefix = await openPrefix(new URL(url), `bench-${process.pid}`);
  const opened = await openRedisStore(prefix.storeUrl('ours'), { deadLetterMax: 1000, clock: systemClock });
  await using ours = sideOf(opened);
  const script = await learnScript(prefix, opened.store);
  await using bare = await openBareRedis(prefix, script);
  return await contest({ ours, bare }, { ...options, productsPerTurn: PRODUCTS_PER_TURN });
}
