import { readUrlOptions } from '@product-updates/errors';
import { folderOf, openEnvironment, type EnvironmentOptions } from '@product-updates/lmdb';
import type { OpenedQueue, OpenQueue, QueueOpenContext, Undecodable } from '@product-updates/queue';
import { createLmdbQueue } from './queue.ts';

/** 2: bodies may be in a form of the codec's that those who wrote format 1 cannot read; the tables are the same. */
export const FORMAT = 2;
export const migrations: EnvironmentOptions['migrations'] = { 1: () => {} };
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
    // Enough for 300,000 updates.
    memoryBytes: { type: 'integer', min: 0, max: GiB, default: 32 * MiB },
  });
  const environment = await openEnvironment(folderOf(url), { part: 'queue', format: FORMAT, migrations, maxBytes });
  try {
    const queue = await createLmdbQueue({ environment, codec, clock, capacity, memoryBytes });
    return { queue, durability: 'disk', description: `lmdb ${environment.folder}, at most ${capacity} messages` };
  } catch (error) {
    await environment[Symbol.asyncDispose]();
    throw error;
  }
};
