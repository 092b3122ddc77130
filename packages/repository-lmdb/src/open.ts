import { readUrlOptions } from '@product-updates/errors';
import { folderOf, openEnvironment } from '@product-updates/lmdb';
import type { OpenStore } from '@product-updates/repository';
import { translate } from './errors.ts';
import { createLmdbStore } from './store.ts';
import { FORMAT, migrations } from './tables.ts';

const MIB = 2 ** 20;
const TIB = 2 ** 40;

/**
 * `lmdb:./data/store`: a folder, relative to where the process was started or absolute, made when it is not there. `maxBytes`:
 * what may be in use in it, from 1 MiB to 1 TiB, which is also what it is unless told.
 *
 * Rejects `misconfigured` for a folder that cannot be used: open in another process, damaged, of a newer version, no right.
 */
export const openLmdbStore: OpenStore = async (url, { deadLetterMax }) => {
  const { maxBytes } = readUrlOptions(url, { maxBytes: { type: 'integer', min: MIB, max: TIB, default: TIB } });
  const environment = await openEnvironment(folderOf(url), { part: 'store', format: FORMAT, migrations, maxBytes });
  try {
    const store = createLmdbStore(environment, { deadLetterMax, maxBytes });
    return { store, durability: 'disk', description: `lmdb ${environment.folder}` };
  } catch (error) {
    await environment[Symbol.asyncDispose]();
    throw translate(error);
  }
};
