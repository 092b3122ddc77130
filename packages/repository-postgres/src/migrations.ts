import { existsSync, readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { CodedError } from '@product-updates/errors';

/** Where the names of the migrations that have run stand, in the schema that they made. */
export const MIGRATIONS_TABLE = 'product_updates_migrations';

const UP = '.up.sql';

/** Of the SQL files. They lie beside `src` and beside `dist`, from where this module is one folder deeper. */
export function migrationsFolder(): string {
  const folders = ['../migrations/', '../../migrations/'].map((path) => fileURLToPath(new URL(path, import.meta.url)));
  const folder = folders.find((path) => existsSync(path));
  if (folder === undefined) throw new Error(`the migrations are neither in ${folders.join(' nor in ')}`);
  return folder;
}

/** Those that have not run, of those that this version knows. Throws where the database is ahead of this version. */
export function pendingMigrations(run: readonly string[], schema: string): readonly string[] {
  const known = knownMigrations();
  const newer = run.filter((name) => !known.includes(name));
  if (newer.length > 0) {
    throw new CodedError(
      'misconfigured',
      `the tables in schema ${schema} are of a newer version (${newer.join(', ')}), this one knows them up to ` +
        `${known.at(-1)}: start the newer version, or migrate down with it`,
    );
  }
  return known.filter((name) => !run.includes(name));
}

/** In the order in which they run. */
function knownMigrations(): readonly string[] {
  return readdirSync(migrationsFolder())
    .filter((file) => file.endsWith(UP))
    .map((file) => file.slice(0, -UP.length))
    .toSorted();
}
