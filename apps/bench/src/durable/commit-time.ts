import { median } from '../stats.ts';
import { createDataFolder } from './data-folder.ts';
import { openBareLmdb } from './lmdb-bare.ts';
import type { CommitTimeJob } from './tasks.ts';

/** About what one update weighs in the queue. */
const ENTRY = Buffer.alloc(150, 0x2a);

/** The median time in milliseconds until one small entry is on the disk, written one after the other. */
export async function measureCommitTime({ commits }: CommitTimeJob): Promise<number> {
  using folder = createDataFolder();
  const root = openBareLmdb(folder.path);
  const times: number[] = [];
  for (let number = 0; number < commits; number += 1) {
    const startedAt = performance.now();
    await root.put(`entry-${number}`, ENTRY);
    times.push(performance.now() - startedAt);
  }
  await root.close();
  return median(times.slice(Math.floor(commits / 10)));
}
