import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { codeOf } from '@product-updates/errors';
import { openEnvironment, type Environment } from '@product-updates/lmdb';
import { systemClock } from '@product-updates/queue';
import type { OpenedStore } from '@product-updates/repository';
import { openLmdbStore } from '@product-updates/repository-lmdb';
import { forkStore, type Place, type StorageFaults } from '@product-updates/repository/contract';

const MIB = 2 ** 20;

/** A folder of one test. One process alone may open it, so every connection of this one is the same store. */
export function folderPlace({ maxBytes = 256 * MIB }: { readonly maxBytes?: number } = {}): Place {
  const folder = mkdtempSync(join(tmpdir(), 'store-'));
  const url = new URL(`lmdb:${folder}/data?maxBytes=${maxBytes}`);
  let opened: Promise<OpenedStore> | undefined;
  return {
    open({ deadLetterMax }) {
      opened ??= openLmdbStore(url, { deadLetterMax, clock: systemClock }).then((answer) => ({
        ...answer,
        store: {
          ...answer.store,
          async [Symbol.asyncDispose]() {
            opened = undefined;
            await answer.store[Symbol.asyncDispose]();
          },
        },
      }));
      return opened;
    },
    async remove() {
      rmSync(folder, { recursive: true });
    },
    faults: {
      fork: () => forkStore({ module: new URL('store-process.ts', import.meta.url), args: [url.href] }),
      storage: filledByAnother(join(folder, 'data'), maxBytes),
    },
  };
}

/** Another part of the same environment takes all the room that there is. */
function filledByAnother(folder: string, maxBytes: number): StorageFaults {
  let filler: Environment | undefined;
  return {
    async fill() {
      filler = await openEnvironment(folder, { part: 'filler', format: 1, migrations: {}, maxBytes });
      const table = filler.numberedTable('filler');
      let key = 0;
      for (const size of [100_000, 10_000, 1000, 1]) {
        while (await put(filler, () => table.put(key++, new Uint8Array(size)))) continue;
      }
    },
    async free() {
      const table = filler?.numberedTable('filler');
      await filler?.write(
        () => {
          for (const [key] of table?.entries() ?? []) table?.remove(key);
        },
        { frees: true },
      );
      await filler?.[Symbol.asyncDispose]();
      filler = undefined;
    },
  };
}

/** Whether there was room. */
async function put(environment: Environment, change: () => void): Promise<boolean> {
  try {
    await environment.write(change);
    return true;
  } catch (error) {
    if (codeOf(error) !== 'full') throw error;
    return false;
  }
}
