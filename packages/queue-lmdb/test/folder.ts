import { cp, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openEnvironment, type Table } from '@product-updates/lmdb';
import { FORMAT, migrations } from '../src/open.ts';

/** A folder of the test's own, removed after it. */
export interface TemporaryFolder extends AsyncDisposable {
  readonly path: string;
  /** What a kill -9 at this moment would leave: the files as they are. */
  copy(): Promise<string>;
}

export async function temporaryFolder(): Promise<TemporaryFolder> {
  const parent = await mkdtemp(join(tmpdir(), 'queue-lmdb-'));
  const path = join(parent, '0');
  let copies = 0;
  let latest = path;
  return {
    path,
    async copy() {
      const to = join(parent, `${++copies}`);
      await cp(latest, to, { recursive: true });
      latest = to;
      return to;
    },
    [Symbol.asyncDispose]: () => rm(parent, { recursive: true, force: true }),
  };
}

export interface RawTables {
  readonly blocks: Table<number>;
  readonly records: Table<number>;
  readonly lives: Table<number>;
}

/** The queue's tables, as somebody who is not the queue would change them. */
export async function changeTables(folder: string, change: (tables: RawTables) => void): Promise<void> {
  await using environment = await openEnvironment(folder, {
    part: 'queue',
    format: FORMAT,
    migrations,
    maxBytes: 2 ** 30,
  });
  const tables = {
    blocks: environment.numberedTable('blocks'),
    records: environment.numberedTable('records'),
    lives: environment.numberedTable('lives'),
  };
  await environment.write(() => change(tables));
}
