import { createRequire } from 'node:module';

// Its own types do not compile in a strict project of ES modules.
const lmdb = createRequire(import.meta.url)('lmdb') as { open(options: Readonly<Record<string, unknown>>): LmdbRoot };

/** What is used of lmdb-js; keys and values are bytes. */
export interface LmdbTable {
  getBinary(key: Uint8Array): Uint8Array | undefined;
  /** Every put and remove of one turn answers the same promise, that of their commit. It keeps the value, not a copy. */
  put(key: Uint8Array, value: Uint8Array): Promise<boolean>;
  remove(key: Uint8Array): Promise<boolean>;
  getRange(options: LmdbRange): Iterable<{ readonly key: Uint8Array; readonly value: Uint8Array }>;
  getStats(): LmdbStats;
}

export interface LmdbRange {
  readonly start?: Uint8Array;
  readonly exclusiveStart?: boolean;
  readonly limit?: number;
  readonly reverse?: boolean;
}

/** Pages of the table itself, of the list of tables (`root`) and of the list of free pages (`free`). */
export interface LmdbStats extends LmdbPages {
  readonly pageSize: number;
  readonly entryCount: number;
  readonly lastPageNumber: number;
  readonly root: LmdbPages;
  readonly free: LmdbPages;
}

export interface LmdbPages {
  readonly treeBranchPageCount: number;
  readonly treeLeafPageCount: number;
  readonly overflowPages: number;
}

export interface LmdbRoot extends Pick<LmdbTable, 'getBinary' | 'getRange' | 'getStats'> {
  openDB(options: { readonly name: string; readonly encoding: 'binary'; readonly keyEncoding: 'binary' }): LmdbTable;
  /** Runs at the end of the turn: what is put from then on belongs to the next commit. */
  on(event: 'beforecommit', listener: () => void): void;
  /** Follows the commit that is under way; a `then` that is not a promise's, so it is not to be awaited. */
  readonly committed: { readonly then: (onCommitted: () => void, onFailed: () => void) => unknown };
  /** The next read sees what is committed by then. */
  resetReadTxn(): void;
  close(): Promise<void>;
}

/** Throws what LMDB answered; never waits for another process. */
export function openRoot(path: string, mapSize: number): LmdbRoot {
  return lmdb.open({
    path,
    noSubdir: true,
    encoding: 'binary',
    keyEncoding: 'binary',
    maxDbs: 32,
    // Reserved addresses, not memory. lmdb-js takes more when they are used up, so this is no bound; but it never has to.
    mapSize,
    // One commit is on disk before the next begins: data first, then the page that points to it. With overlapping syncs a
    // commit is visible before, and what is found after a power cut depends on the id of the boot.
    overlappingSync: false,
    // All of a turn is one transaction that begins when the turn is over: none can be committed by half.
    eventTurnBatching: true,
    batchStartThreshold: Number.POSITIVE_INFINITY,
  });
}
