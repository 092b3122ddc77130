/** What a user of an environment keeps there: several may share one folder within a process, each with tables of its own. */
export interface EnvironmentOptions {
  /** `queue`, `store`: prefixes its tables. The same part cannot be opened twice at once. */
  readonly part: string;
  /** The format of the part's tables that this code writes, from 1. */
  readonly format: number;
  /** From format n to n + 1, by n; run in one transaction with the new number. Each older format has one. */
  readonly migrations: Readonly<Record<number, (environment: Environment) => void>>;
  /** At most this much on disk, in bytes: beyond it writes reject `full`. */
  readonly maxBytes: number;
}

/** An LMDB environment (a folder) that this process alone has open. */
export interface Environment extends AsyncDisposable {
  readonly folder: string;
  /** The part's table of that name, made when it is not there. */
  table(name: string): Table<string>;
  /** As `table`, ordered by number: whole, from 0 to 2^53 − 1. */
  numberedTable(name: string): Table<number>;
  /**
   * Runs `change`, which puts and removes synchronously, as one transaction: all or nothing. What several callers write in one
   * turn, or while a commit is under way, shares the next commit. Resolves when it is on disk.
   *
   * Rejects `full` (none of it is there), `unavailable` (it may be there: EIO, a failed sync), `closed`.
   */
  write(change: () => void): Promise<void>;
  /** Resolves when a commit reached the disk just now. */
  ping(): Promise<void>;
}

/** Reads see what is committed. */
export interface Table<K extends string | number> {
  /** A copy, the caller's own. */
  get(key: K): Uint8Array | undefined;
  /** Only within a `write`. */
  put(key: K, value: Uint8Array): void;
  /** Only within a `write`. */
  remove(key: K): void;
  /** In the order of the keys (texts: of their UTF-8 bytes), `after` excluded. */
  entries(range?: {
    readonly after?: K;
    readonly limit?: number;
    readonly reverse?: boolean;
  }): Iterable<readonly [K, Uint8Array]>;
  count(): number;
}
