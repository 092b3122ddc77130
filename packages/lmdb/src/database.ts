import { join } from 'node:path';
import { CodedError } from '@product-updates/errors';
import { openRoot, type LmdbPages, type LmdbRoot, type LmdbTable } from './client.ts';
import { translate } from './errors.ts';
import { Room } from './room.ts';

/** LMDB's file in the folder; beside it lies LMDB's own lock file. */
export const DATA_FILE = 'data.mdb';

/** More than the commit of a new table needs. */
const TABLE_BYTES = 2 ** 18;

/** A table of the file, whichever opening of the file it is. */
export interface Handle {
  /** Throws `unavailable` while the file could not be opened again. */
  readonly lmdb: LmdbTable;
}

/**
 * LMDB's file, open. After a failed sync LMDB refuses everything until the file is opened again, and lmdb-js cannot be asked to
 * write then (it would never answer): `recover` does that, and handles go on working.
 */
export class Database {
  readonly #folder: string;
  readonly #mapSize: number;
  readonly #tables = new Map<string, { readonly handle: Handle; current: LmdbTable }>();
  #root: LmdbRoot | undefined;
  readonly #room: Room;

  constructor(folder: string, mapSize: number) {
    this.#folder = folder;
    this.#mapSize = mapSize;
    this.#root = this.#open();
    this.#room = new Room(join(folder, DATA_FILE));
  }

  /** False after a recovery that failed. */
  get isOpen(): boolean {
    return this.#root !== undefined;
  }

  /** Made when it is not there, which waits for a commit that is under way without giving way to anything else. */
  table(name: string): Handle {
    const known = this.#tables.get(name);
    if (known !== undefined) return known.handle;
    // A new table is a commit of its own, which lmdb-js does not survive when it fails.
    this.takeRoom(TABLE_BYTES);
    this.spendRoom(TABLE_BYTES);
    const opened = (): LmdbRoot => this.#opened();
    const table = {
      current: this.#openTable(opened(), name),
      handle: {
        get lmdb(): LmdbTable {
          opened();
          return table.current;
        },
      },
    };
    this.#tables.set(name, table);
    return table.handle;
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
    for (const { current } of this.#tables.values()) {
      const stats = current.getStats();
      pageSize = stats.pageSize;
      pages += pagesOf(stats);
      shared = pagesOf(stats.root) + pagesOf(stats.free);
    }
    return (pages + shared) * pageSize;
  }

  /** So many bytes that the next commit may need are there, or it throws `full`. */
  takeRoom(bytes: number): void {
    try {
      this.#room.take(bytes, () => this.#bytesTaken());
    } catch (error) {
      throw translate(error, this.#folder);
    }
  }

  /** The commit that may have needed so many bytes is over. */
  spendRoom(bytes: number): void {
    this.#room.spend(bytes);
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
    for (const [name, table] of this.#tables) table.current = this.#openTable(reopened, name);
    this.#root = reopened;
  }

  async close(): Promise<void> {
    const root = this.#root;
    this.#root = undefined;
    this.#room.close();
    await root?.close();
  }

  /** Up to the last page that was ever used. */
  #bytesTaken(): number {
    const { lastPageNumber, pageSize } = this.#opened().getStats();
    return (lastPageNumber + 1) * pageSize;
  }

  #open(): LmdbRoot {
    try {
      const root = openRoot(join(this.#folder, DATA_FILE), this.#mapSize);
      root.on('beforecommit', () => {
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
