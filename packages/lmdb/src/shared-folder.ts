import { Commits } from './commits.ts';
import { Database, type Handle } from './database.ts';
import { checkDataFile, closedState } from './data-file.ts';
import { ownFolder, type OwnedFolder } from './folder.ts';

/** Of addresses, reserved and not used: half of what a process has where they are fewest, Linux on ARM with 39 bits. */
const MAP_BYTES = 2 ** 38;

/** What the folder says of itself while it is open, and after a crash. */
const OPEN = 'open\n';

/** A folder as this process has it open, once for all parts. */
export class SharedFolder {
  readonly folder: string;
  /** Those that are open, or on their way out. */
  readonly parts: Map<string, { readonly leaving?: Promise<void> }> = new Map();
  readonly database: Database;
  readonly commits: Commits;
  /** Set while it closes. */
  closed: Promise<void> | undefined;
  readonly #owned: OwnedFolder;
  readonly #meta: Handle;
  #pings = 0;

  constructor(folder: string) {
    this.folder = folder;
    this.#owned = ownFolder(folder);
    try {
      checkDataFile(folder, this.#owned.text);
      const isNew = this.#owned.text === '';
      if (!isNew) this.#owned.write(OPEN);
      this.commits = new Commits(folder, () => this.database);
      this.database = new Database(folder, MAP_BYTES);
      this.#meta = this.database.table('meta');
      // Only now is there something that may not be missing at the next start.
      if (isNew) this.#owned.write(OPEN);
    } catch (error) {
      this.#owned.release();
      throw error;
    }
  }

  formatOf(part: string): number | undefined {
    const bytes = this.#meta.lmdb.getBinary(formatKey(part));
    return bytes === undefined ? undefined : Buffer.from(bytes).readUInt32BE();
  }

  /** Only within a write. */
  setFormat(part: string, format: number): void {
    const value = Buffer.alloc(4);
    value.writeUInt32BE(format);
    this.commits.record({ handle: this.#meta, key: formatKey(part), value });
  }

  /** As `Environment.ping`. */
  ping(): Promise<void> {
    return this.commits.ping(() => {
      const value = Buffer.alloc(4);
      value.writeUInt32BE(this.#pings++ >>> 0);
      this.commits.record({ handle: this.#meta, key: Buffer.from('ping'), value });
    });
  }

  close(): Promise<void> {
    this.closed = this.#close();
    return this.closed;
  }

  async #close(): Promise<void> {
    try {
      await this.database.close();
      this.#owned.write(closedState(this.folder));
    } finally {
      this.#owned.release();
    }
  }
}

function formatKey(part: string): Uint8Array {
  return Buffer.from(`format:${part}`);
}
