import type { Table } from './environment.ts';
import type { Commits } from './commits.ts';
import type { Handle } from './database.ts';
import { translate } from './errors.ts';
import type { KeyCodec } from './keys.ts';

interface Owner {
  readonly commits: Commits;
  readonly folder: string;
  /** Throws `closed`. */
  readonly refuseClosed: () => void;
}

/** A table of a part, by keys of one kind. */
export function createTable<K extends string | number>(
  handle: Handle,
  keys: KeyCodec<K>,
  { commits, folder, refuseClosed }: Owner,
): Table<K> {
  function reading<T>(read: () => T): T {
    refuseClosed();
    try {
      return read();
    } catch (error) {
      throw translate(error, folder);
    }
  }

  return {
    get(key) {
      const bytes = keys.find(key);
      return reading(() => (bytes === undefined ? undefined : handle.lmdb.getBinary(bytes)));
    },
    put: (key, value) => commits.record({ handle, key: keys.encode(key), value }),
    remove: (key) => commits.record({ handle, key: keys.encode(key), value: undefined }),
    *entries({ after, limit, reverse = false } = {}) {
      const start = after === undefined ? undefined : keys.after(after);
      const range = {
        ...(start === undefined ? {} : { start, exclusiveStart: true }),
        ...(limit === undefined ? {} : { limit }),
        reverse,
      };
      for (const { key, value } of reading(() => handle.lmdb.getRange(range))) yield [keys.decode(key), value] as const;
    },
    count: () => reading(() => handle.lmdb.getStats().entryCount),
  };
}
