import { join } from 'node:path';
import { CodedError } from '@product-updates/errors';
import { openRoot, type LmdbPages, type LmdbRoot, type LmdbTable } from './client.ts';
import { translate } from './errors.ts';

/** LMDB's file in the folder; beside it lies LMDB's own lock file. */
export const DATA_FILE = 'data.mdb';

/** A table of the file, whichever opening of the file it is. */
export interface Handle {
  readonly lmdb: LmdbTable;
}

/**
 * LMDB's file, open. After a failed sync LMDB refuses everything until the file is opened again, and lmdb-js cannot be asked to
 * write then (it would never answer): `recover` does that, and handles go on working.
 */
export class Database {
  readonly #folder: string;
  readonly #mapSize: number;
  readonly #onCommitBegin: () => void;
  readonly #tables = new Map<string, { lmdb: LmdbTable }>();
  #root: LmdbRoot | undefined;

  /** `onCommitBegin` runs when what is put from then on belongs to the next commit. */
  constructor(folder: string, mapSize: number, onCommitBegin: () => void) {
    this.#folder = folder;
    this.#mapSize = mapSize;
    this.#onCommitBegin = onCommitBegin;
    this.#root = this.#open();
  }

  /** False after a recovery that failed. */
  get isOpen(): boolean {
    return this.#root !== undefined;
  }

  /** Made when it is not there, which waits for a commit that is under way without giving way to anything else. */
  table(name: string): Handle {
    const known = this.#tables.get(name);
    if (known !== undefined) return known;
    const table = { lmdb: this.#openTable(this.#opened(), name) };
    this.#tables.set(name, table);
    return table;
  }

  /** Whether there is a table whose name begins so. */
  hasTables(prefix: string): boolean {
    const [first] = this.#opened().getRange({ start: Buffer.from(prefix), limit: 1 });
    return first !== undefined && Buffer.from(first.key).toString().startsWith(prefix);
  }

  /** What the open tables and LMDB's own lists occupy. Pages that are free to be used again do not count. */
  usedBytes(): number {
    let pages = 0;
    let pageSize = 0;
    let shared = 0;
    for (const { lmdb } of this.#tables.values()) {
      const stats = lmdb.getStats();
      pageSize = stats.pageSize;
      pages += pagesOf(stats);
      shared = pagesOf(stats.root) + pagesOf(stats.free);
    }
    return (pages + shared) * pageSize;
  }

  /** After a failed commit. Throws where the file cannot be opened again now; to be tried again then. */
  async recover(): Promise<void> {
    const root = this.#root;
    if (root !== undefined) {
      if (!this.#panicked(root)) return;
      this.#root = undefined;
      await root.close();
    }
    const reopened = this.#open();
    for (const [name, table] of this.#tables) table.lmdb = this.#openTable(reopened, name);
    this.#root = reopened;
  }

  async close(): Promise<void> {
    const root = this.#root;
    this.#root = undefined;
    await root?.close();
  }

  #open(): LmdbRoot {
    try {
      const root = openRoot(join(this.#folder, DATA_FILE), this.#mapSize);
      root.on('beforecommit', () => {
        this.#onCommitBegin();
        // Besides the promise that puts answer, lmdb-js (3.5) makes one for the beginning of the commit, when this turn ends, and
        // tells nobody. A failed commit would reject it unheard, and so end the process.
        queueMicrotask(() => root.committed.then(nothing, nothing));
      });
      return root;
    } catch (error) {
      throw translate(error, this.#folder);
    }
  }

  #opened(): LmdbRoot {
    if (this.#root === undefined) throw new CodedError('unavailable', `${this.#folder}: could not be opened again yet`);
    return this.#root;
  }

  #openTable(root: LmdbRoot, name: string): LmdbTable {
    try {
      return root.openDB({ name, encoding: 'binary', keyEncoding: 'binary' });
    } catch (error) {
      throw translate(error, this.#folder);
    }
  }

  #panicked(root: LmdbRoot): boolean {
    try {
      root.resetReadTxn();
      root.getBinary(Buffer.from('?'));
      return false;
    } catch {
      return true;
    }
  }
}

function nothing(): void {}

function pagesOf({ treeBranchPageCount, treeLeafPageCount, overflowPages }: LmdbPages): number {
  return treeBranchPageCount + treeLeafPageCount + overflowPages;
}
