import { setImmediate } from 'node:timers/promises';
import { codeOf } from '@product-updates/errors';
import { openEnvironment, type Environment } from '@product-updates/lmdb';
import type { StorageFaults } from '@product-updates/queue/contract';

/** Takes what room is left in a folder that this process has open, as a part of its own. */
export function fillerOf(folder: string, maxBytes: number): StorageFaults {
  let environment: Environment | undefined;
  return {
    async fill() {
      environment = await openEnvironment(folder, { part: 'filler', format: 1, migrations: {}, maxBytes });
      const table = environment.numberedTable('blocks');
      for (let size = 2 ** 18; size >= 1; size = Math.floor(size / 2)) {
        for (let key = 0; await fits(environment, () => table.put(size * 2 ** 20 + key, new Uint8Array(size))); key++) {
          await setImmediate();
        }
      }
    },
    async free() {
      if (environment === undefined) return;
      const table = environment.numberedTable('blocks');
      await environment.write(
        () => {
          for (const [key] of table.entries()) table.remove(key);
        },
        { frees: true },
      );
      await environment[Symbol.asyncDispose]();
      environment = undefined;
    },
  };
}

async function fits(environment: Environment, change: () => void): Promise<boolean> {
  try {
    await environment.write(change);
    return true;
  } catch (error) {
    if (codeOf(error) !== 'full') throw error;
    return false;
  }
}
