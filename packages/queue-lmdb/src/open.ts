import { readUrlOptions } from '@product-updates/errors';
import { folderOf, openEnvironment } from '@product-updates/lmdb';
import type { OpenedQueue, OpenQueue, QueueOpenContext, Undecodable } from '@product-updates/queue';
import { createLmdbQueue } from './queue.ts';

const FORMAT = 1;
const MiB = 2 ** 20;
const GiB = 2 ** 30;

/**
 * `lmdb:./data/queue?capacity=100000`: a folder, relative to where the process was started or absolute, made when it is not
 * there. `capacity`: messages, from 1 to 10,000,000. `maxBytes`: of the folder, from 1 MiB to 1 TiB, 16 GiB unless told.
 * `memoryBytes`: of what waits, kept in memory too, to 1 GiB, 32 MiB unless told.
 *
 * Rejects `misconfigured` for a folder that cannot be used: open elsewhere, damaged, written by a newer version, no right.
 */
export const openLmdbQueue: OpenQueue = async <T>(
  url: URL,
  { codec, clock }: QueueOpenContext<T>,
): Promise<OpenedQueue<T | Undecodable>> => {
  const { capacity, maxBytes, memoryBytes } = readUrlOptions(url, {
    capacity: { type: 'integer', min: 1, max: 10_000_000, default: 100_000 },
    maxBytes: { type: 'integer', min: MiB, max: 1024 * GiB, default: 16 * GiB },
    // Enough for 100,000 updates: what is read back from the file costs several times as much to hand out.
    memoryBytes: { type: 'integer', min: 0, max: GiB, default: 32 * MiB },
  });
  const environment = await openEnvironment(folderOf(url), { part: 'queue', format: FORMAT, migrations: {}, maxBytes });
  try {
    const queue = await createLmdbQueue({ environment, codec, clock, capacity, memoryBytes });
    return { queue, durability: 'disk', description: `lmdb ${environment.folder}, at most ${capacity} messages` };
  } catch (error) {
    await environment[Symbol.asyncDispose]();
    throw error;
  }
};
