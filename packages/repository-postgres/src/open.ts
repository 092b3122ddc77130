import { CodedError } from '@product-updates/errors';
import type { Clock } from '@product-updates/queue';
import type { OpenStore } from '@product-updates/repository';
import { Endpoints } from './endpoints.ts';
import { inspect, refuseMissingRights, type Inspection } from './inspect.ts';
import { openPool, runMigrations } from './migrate.ts';
import { pendingMigrations } from './migrations.ts';
import { readOptions, type PostgresOptions } from './options.ts';
import type { Pool } from './pool.ts';
import { createStore } from './store.ts';

/**
 * Opens `postgres://user:password@host:5432/database?…`; the README lists the options. Creates or migrates the tables
 * unless `migrate=false`, once, also when several processes open at the same time.
 *
 * Rejects `misconfigured` for a bad option, a wrong password, a missing right and tables of a newer version;
 * `unavailable` for a server that cannot be reached or is a read-only standby. Each question to the server
 * settles within `timeoutMs`, the migrations within `startTimeoutMs`.
 */
export const openPostgresStore: OpenStore = async (url, { deadLetterMax, clock, environment }) => {
  const options = readOptions(url, environment);
  const endpoints = new Endpoints(options.endpoints);
  const pool = openPool(options, endpoints, clock);
  try {
    const found = await prepared(pool, options, endpoints, clock);
    const { schema, durability, serverVersion } = found;
    return {
      store: createStore(pool, { schema, deadLetterMax, scanTimeoutMs: options.startTimeoutMs }),
      durability,
      description:
        `PostgreSQL ${serverVersion} at ${options.place}, ${endpoints.current.ssl === false ? 'no TLS' : 'TLS'}, ` +
        `schema ${schema}, at most ${options.pool} connections`,
    };
  } catch (error) {
    await pool[Symbol.asyncDispose]();
    throw error;
  }
};

async function prepared(pool: Pool, options: PostgresOptions, endpoints: Endpoints, clock: Clock): Promise<Inspection> {
  const found = await inspect(pool, options.schema);
  const pending = pendingMigrations(found.migrationsRun, found.schema);
  if (pending.length > 0) {
    if (!options.migrate) throw notMigrated(found.schema, pending);
    const { startTimeoutMs: timeoutMs } = options;
    const place = { ...found, endpoint: endpoints.current };
    await runMigrations(options, place, { direction: 'up', log: () => {}, timeoutMs }, clock);
    // Whoever else had the lock may have been a newer version.
    pendingMigrations((await inspect(pool, options.schema)).migrationsRun, found.schema);
  }
  await refuseMissingRights(pool, found.schema);
  return found;
}

function notMigrated(schema: string, pending: readonly string[]): CodedError {
  return new CodedError(
    'misconfigured',
    `schema ${schema} lacks ${pending.join(', ')} and migrate=false: run \`npm run migrate\` as a role that may create tables`,
  );
}
