/** What a user of an environment keeps there: several may share one folder within a process, each with tables of its own. */
export interface EnvironmentOptions {
  /** `queue`, `store`: prefixes its tables. The same part cannot be opened twice at once. */
  readonly part: string;
  /** The format of the part's tables that this code writes, from 1. */
  readonly format: number;
  /** From format n to n + 1, by n: puts and removes only, run in one transaction with the new number. Each older format has one. */
  readonly migrations: Readonly<Record<number, (environment: Environment) => void>>;
  /** At most this much in use in the folder, in bytes: beyond it writes that grow reject `full`. Of several parts the largest counts. */
  readonly maxBytes: number;
}

/** An LMDB environment (a folder) that this process alone has open. */
export interface Environment extends AsyncDisposable {
  /** Without symbolic links. */
  readonly folder: string;
  /** The part's table of that name, made when it is not there. For the start: it may wait for a commit without giving way. */
  table(name: string): Table<string>;
  /** As `table`, ordered by number: whole, from 0 to 2^53 − 1. */
  numberedTable(name: string): Table<number>;
  /**
   * Runs `change`, which puts and removes synchronously, as one transaction: all or nothing. What several callers write in one
   * turn, or while a commit is under way, shares the next commit. Resolves when it is on disk.
   *
   * `change` runs late: at the end of the turn where no commit is under way, else of the one in which that commit is over. What
   * is gathered until then can still go into it. It reads what is committed, not what it or another change of the same commit has put. What it throws
   * rejects this write alone.
   *
   * Rejects `full` (none of it is there), `unavailable` (it may be there: EIO, a failed sync), `closed`.
   */
  write(change: () => void, options?: WriteOptions): Promise<void>;
  /** Resolves when a commit reached the disk just now. */
  ping(): Promise<void>;
}

export interface WriteOptions {
  /**
   * It makes room, or is what making room needs (an acknowledgement): it is written beyond `maxBytes` too, and after a commit
   * that failed it is tried before others, apart from them.
   */
  readonly frees?: boolean;
}

/** Reads see what is committed. */
export interface Table<K extends string | number> {
  /** A copy, the caller's own. */
  get(key: K): Uint8Array | undefined;
  /** Only within a `write`. The value is not to be changed until that resolved. A text has 1 to 1,978 bytes in UTF-8. */
  put(key: K, value: Uint8Array): void;
  /** Only within a `write`. Removing what is not there is harmless. */
  remove(key: K): void;
  /**
   * In the order of the keys (texts: of their UTF-8 bytes), `after` excluded. A snapshot: to be read to its end, or left, within
   * one turn, since pages that it may still read are not reused.
   */
  entries(range?: {
    readonly after?: K;
    readonly limit?: number;
    readonly reverse?: boolean;
  }): Iterable<readonly [K, Uint8Array]>;
  count(): number;
}
