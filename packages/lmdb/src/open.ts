import { CodedError } from '@product-updates/errors';
import type { Environment, EnvironmentOptions, Table } from './environment.ts';
import { translate } from './errors.ts';
import { makeFolder } from './folder.ts';
import { numberKeys, textKeys, type KeyCodec } from './keys.ts';
import { SharedFolder } from './shared-folder.ts';
import { createTable } from './table.ts';

/** By path: the parts of one folder share one file and its commits. */
const open = new Map<string, SharedFolder>();

/**
 * Opens the folder, making it where it is not there, and brings the part's tables to its format.
 *
 * Rejects `misconfigured`, naming the folder and what to do: open in another process, the same part open already, no folder or
 * no right to write in it, damaged, not LMDB's, written by a newer version. `full` or `unavailable` where the disk is.
 */
export async function openEnvironment(path: string, options: EnvironmentOptions): Promise<Environment> {
  const shared = await enter(path, options.part);
  try {
    shared.commits.allow(options.maxBytes);
    const environment = new PartOfFolder(shared, options.part);
    await migrate(environment, shared, options);
    return environment;
  } catch (error) {
    await leave(shared, options.part);
    throw translate(error, shared.folder);
  }
}

async function enter(path: string, part: string): Promise<SharedFolder> {
  try {
    const folder = makeFolder(path);
    for (let leaving = leavingOf(folder, part); leaving !== undefined; leaving = leavingOf(folder, part)) {
      await leaving;
    }
    const shared = open.get(folder) ?? new SharedFolder(folder);
    if (shared.parts.has(part)) throw new CodedError('misconfigured', `${folder} is open already, as ${part}`);
    shared.parts.set(part, {});
    open.set(folder, shared);
    return shared;
  } catch (error) {
    throw translate(error, path);
  }
}

/** What must be over before the part can be opened: the closing of the folder, or of the part. */
function leavingOf(folder: string, part: string): Promise<void> | undefined {
  const shared = open.get(folder);
  return shared?.closed ?? shared?.parts.get(part)?.leaving;
}

function leave(shared: SharedFolder, part: string): Promise<void> {
  const leaving = left(shared, part);
  shared.parts.set(part, { leaving });
  return leaving;
}

async function left(shared: SharedFolder, part: string): Promise<void> {
  await shared.commits.idle();
  shared.parts.delete(part);
  if (shared.parts.size > 0) return;
  try {
    await shared.close();
  } finally {
    open.delete(shared.folder);
  }
}

class PartOfFolder implements Environment {
  readonly #shared: SharedFolder;
  readonly #part: string;
  #left: Promise<void> | undefined;

  constructor(shared: SharedFolder, part: string) {
    this.#shared = shared;
    this.#part = part;
  }

  get folder(): string {
    return this.#shared.folder;
  }

  table(name: string): Table<string> {
    return this.#table(name, textKeys);
  }

  numberedTable(name: string): Table<number> {
    return this.#table(name, numberKeys);
  }

  write(change: () => void, { frees = false }: { readonly frees?: boolean } = {}): Promise<void> {
    if (this.#left !== undefined) return Promise.reject(this.#closed());
    return this.#shared.commits.write(change, frees);
  }

  ping(): Promise<void> {
    if (this.#left !== undefined) return Promise.reject(this.#closed());
    return this.#shared.ping();
  }

  [Symbol.asyncDispose](): Promise<void> {
    this.#left ??= leave(this.#shared, this.#part);
    return this.#left;
  }

  #table<K extends string | number>(name: string, keys: KeyCodec<K>): Table<K> {
    const { database, commits, folder } = this.#shared;
    const handle = database.table(`${this.#part}:${name}`);
    const refuseClosed = (): void => {
      if (this.#left !== undefined) throw this.#closed();
    };
    return createTable(handle, keys, { commits, folder, refuseClosed });
  }

  #closed(): CodedError {
    return new CodedError('closed', `${this.folder}: ${this.#part} is closed`);
  }
}

/** One transaction for each step: what it changes, and the number that says so. */
async function migrate(environment: Environment, shared: SharedFolder, options: EnvironmentOptions): Promise<void> {
  const { part, format, migrations } = options;
  const stored = shared.formatOf(part);
  if (stored === format) return;
  if (stored === undefined) {
    if (shared.database.hasTables(`${part}:`)) {
      throw new CodedError(
        'misconfigured',
        `${shared.folder} is damaged: it does not say its format; restore a backup`,
      );
    }
    await shared.commits.write(() => shared.setFormat(part, format), true);
    return;
  }
  if (stored > format) {
    const what = `written by a newer version (format ${stored} of ${part}, this one knows ${format})`;
    throw new CodedError('misconfigured', `${shared.folder} was ${what}: start that version, or restore a backup`);
  }
  for (let from = stored; from < format; from++) {
    const step = migrations[from];
    if (step === undefined) throw new Error(`${part}: nothing leads from format ${from} to ${from + 1}`);
    const change = (): void => {
      step(environment);
      shared.setFormat(part, from + 1);
    };
    await shared.commits.write(change, true);
  }
}
