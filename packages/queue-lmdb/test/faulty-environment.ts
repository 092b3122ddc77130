import { CodedError, type ErrorCode } from '@product-updates/errors';
import { openEnvironment, type Environment, type Table } from '@product-updates/lmdb';
import { FORMAT, migrations } from '../src/open.ts';

/** A commit that fails: before anything is written, or when it is on disk and only the answer is lost or late. */
export interface Fault {
  /** None: it only comes late. */
  readonly code?: ErrorCode;
  readonly written: boolean;
  /** When the answer comes; at once unless given. */
  readonly until?: Promise<void>;
}

/** A real environment of which the next commits can be made to fail. */
export interface FaultyEnvironment extends Environment {
  /** For each write from now on, in order; then none. */
  fail(...faults: readonly Fault[]): void;
  /** From now on the tables cannot be read in order, or can again. */
  readable(value: boolean): void;
}

export async function openFaulty(folder: string): Promise<FaultyEnvironment> {
  const real = await openEnvironment(folder, { part: 'queue', format: FORMAT, migrations, maxBytes: 2 ** 24 });
  const faults: Fault[] = [];
  let readable = true;
  function guarded(table: Table<number>): Table<number> {
    return {
      ...table,
      entries(range) {
        if (!readable) throw new CodedError('unavailable', 'the file cannot be read');
        return table.entries(range);
      },
    };
  }
  return {
    folder: real.folder,
    table: (name) => real.table(name),
    numberedTable: (name) => guarded(real.numberedTable(name)),
    ping: () => real.ping(),
    fail: (...more) => faults.push(...more),
    readable(value) {
      readable = value;
    },
    async write(change, options) {
      const fault = faults.shift();
      if (fault === undefined) return real.write(change, options);
      if (fault.written) await real.write(change, options);
      else await failing(real, change);
      await fault.until;
      if (fault.code !== undefined) throw new CodedError(fault.code, 'the commit failed');
    },
    [Symbol.asyncDispose]: () => real[Symbol.asyncDispose](),
  };
}

/** The change runs, and nothing of it is kept. */
async function failing(real: Environment, change: () => void): Promise<void> {
  const thrown = new Error('not kept');
  const kept: unknown = await real
    .write(() => {
      change();
      throw thrown;
    })
    .catch((error: unknown) => error);
  if (kept !== thrown) throw kept;
}
