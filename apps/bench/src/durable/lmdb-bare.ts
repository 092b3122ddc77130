import { createRequire } from 'node:module';
import { join } from 'node:path';
import type { ProductRecord } from '@product-updates/domain';
import type { Side } from './contest.ts';

/** lmdb-js alone, with the settings that our environment has. */
export interface BareLmdb {
  /** Resolves when it is on the disk; all of one turn share a commit. */
  put(key: string, value: Buffer): Promise<boolean>;
  close(): Promise<void>;
}

// Its own types do not compile in a strict project of ES modules.
const require = createRequire(import.meta.url);
const lmdb = require('lmdb') as { open(options: Readonly<Record<string, unknown>>): BareLmdb };

/** In a folder that is there. */
export function openBareLmdb(folder: string): BareLmdb {
  return lmdb.open({
    path: join(folder, 'bare.mdb'),
    noSubdir: true,
    encoding: 'binary',
    mapSize: 2 ** 34,
    overlappingSync: false,
    eventTurnBatching: true,
  });
}

/** Puts the bytes of a batch in one commit, reads nothing and merges nothing. */
export function bareSide(root: BareLmdb): Side {
  return {
    prepare(records) {
      const entries = records.map((record) => ({ key: record.product_id, bytes: bytesOf(record) }));
      return async () => {
        let committed: Promise<boolean> | undefined;
        for (const { key, bytes } of entries) committed = root.put(key, bytes);
        await committed;
        return entries.length;
      };
    },
  };
}

/** Four doubles. */
const VALUE_BYTES = 32;

function bytesOf({ price, price_version, stock, stock_version }: ProductRecord): Buffer {
  const bytes = Buffer.allocUnsafeSlow(VALUE_BYTES);
  bytes.writeDoubleLE(price ?? Number.NaN, 0);
  bytes.writeDoubleLE(price_version, 8);
  bytes.writeDoubleLE(stock ?? Number.NaN, 16);
  bytes.writeDoubleLE(stock_version, 24);
  return bytes;
}
