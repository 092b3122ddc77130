import { CodedError, codeOf } from '@product-updates/errors';
import { systemClock, type Clock } from '@product-updates/queue';
import type { RunnerOption } from 'node-pg-migrate';
import { createClient, createPgPool, endClient, type PgClient, type PgPool } from './client.ts';
import { type Endpoint, Endpoints } from './endpoints.ts';
import { sqlStateOf, translate } from './errors.ts';
import { inspect } from './inspect.ts';
import type { Environment } from './libpq/environment.ts';
import { MIGRATIONS_TABLE, migrationsFolder, pendingMigrations } from './migrations.ts';
import { readOptions, type PostgresOptions } from './options.ts';
import { Pool, statementTimeoutMs } from './pool.ts';

export interface MigrateOptions {
  readonly direction: 'up' | 'down';
  /** How many migrations at most: all unless given, going down 1. */
  readonly count?: number;
  /** Hears of each one, in lines for a person. */
  readonly log: (line: string) => void;
  readonly clock?: Clock;
  /** Asked before anything is undone, with the names of what would be, the last one first; no leaves all as it is. */
  readonly confirm?: (names: readonly string[]) => Promise<boolean>;
  /** Where libpq's variables are read. */
  readonly environment?: Environment | undefined;
}

/**
 * Runs the migrations of the schema that a `postgres:` URL names, under an advisory lock of the database: of several at
 * once one runs and the others wait for it. Answers the names of those that it ran, in the order in which it did. A
 * migration is one transaction with its entry in the table of migrations. There is no time-out: a migration may take as
 * long as the table is large.
 *
 * Going down drops tables with what is in them. Rejects like `openPostgresStore`.
 */
export async function migratePostgres(
  url: URL,
  { direction, count, log, clock = systemClock, confirm, environment }: MigrateOptions,
): Promise<readonly string[]> {
  const options = readOptions(url, environment);
  if (options.pooled) throw new CodedError('misconfigured', 'migrations need the server itself, not a pooler');
  const endpoints = new Endpoints(options.endpoints);
  await using pool = openPool(options, endpoints, clock);
  const { schema, schemaExists, migrationsRun } = await inspect(pool, options.schema);
  pendingMigrations(migrationsRun, schema);
  if (direction === 'down' && confirm !== undefined) {
    const undone = migrationsRun.toReversed().slice(0, count ?? 1);
    if (undone.length > 0 && !(await confirm(undone))) return [];
  }
  const place = { schema, schemaExists, endpoint: endpoints.current };
  return await runMigrations(options, place, { direction, log, ...(count !== undefined && { count }) }, clock);
}

/** The connections that `readOptions` describes; none is made yet. */
export function openPool(options: PostgresOptions, endpoints: Endpoints, clock: Clock): Pool {
  const { pool: max, timeoutMs, pooled } = options;
  // A pooler refuses settings at the start of a session, or leaks them into others'.
  const timeouts = {
    statement_timeout: statementTimeoutMs(timeoutMs),
    lock_timeout: Math.min(LOCK_TIMEOUT_MS, statementTimeoutMs(timeoutMs)),
  };
  const session = { ...options.session, ...(!pooled && timeouts) };
  const create = (size: number): PgPool => createPgPool(session, endpoints, { max: size, timeoutMs });
  return new Pool({ create, endpoints, max, timeoutMs, prepare: !pooled, clock });
}

/**
 * How long a statement waits for one row. Others that are in the same batch, or behind it in its lane, wait so long too:
 * so it is short. Our own batches hold a row for milliseconds, however many want it.
 */
const LOCK_TIMEOUT_MS = 1000;

interface MigrationPlace {
  readonly schema: string;
  readonly schemaExists: boolean;
  readonly endpoint: Endpoint;
}

export interface Run {
  readonly direction: 'up' | 'down';
  readonly count?: number;
  readonly log: (line: string) => void;
  /** In ms, for everything; none unless given. */
  readonly timeoutMs?: number;
}

/** Runs what is pending, or undoes the last ones, on a connection of its own. */
export async function runMigrations(
  { session, timeoutMs }: PostgresOptions,
  place: MigrationPlace,
  run: Run,
  clock: Clock,
): Promise<readonly string[]> {
  const client = createClient(session, place.endpoint);
  client.on('error', () => {}); // whoever waits for an answer hears of it
  const remembering = rememberingFirstError(client);
  let late: CodedError | undefined;
  const hangUpAfter = (ms: number): (() => void) =>
    clock.schedule(ms, () => {
      late = new CodedError('unavailable', `PostgreSQL: the migrations did not end within ${ms} ms`);
      client.connection.stream.destroy();
    });
  let cancel = hangUpAfter(timeoutMs);
  try {
    await connected(client);
    cancel();
    if (run.timeoutMs !== undefined) cancel = hangUpAfter(run.timeoutMs);
    // Loaded only where there is something to do: with all that it brings it takes longer than the rest of the start.
    const { runner } = await import('node-pg-migrate');
    const ran = await runner({ ...runnerOptions(place, run), dbClient: remembering.client });
    return ran.map(({ name }) => name);
  } catch (error) {
    throw late ?? explained(remembering.firstError ?? error, place.schema);
  } finally {
    cancel();
    await endClient(client, clock);
  }
}

type DbClient = Extract<RunnerOption, { dbClient: unknown }>['dbClient'];

/** node-pg-migrate tells some errors of the server as a text alone, without the code that says whose fault it is. */
function rememberingFirstError(client: PgClient): { readonly client: DbClient; readonly firstError: unknown } {
  const asked = client as unknown as { query(text: unknown, values: unknown): Promise<unknown> };
  let firstError: unknown;
  const query = async (text: unknown, values: unknown): Promise<unknown> => {
    try {
      return await asked.query(text, values);
    } catch (error) {
      firstError ??= error;
      throw error;
    }
  };
  return {
    client: { query } as unknown as DbClient,
    get firstError() {
      return firstError;
    },
  };
}

function runnerOptions(place: MigrationPlace, run: Run): Options {
  const { direction, count, log } = run;
  return {
    dir: migrationsFolder(),
    migrationLoaderStrategies: [{ extensions: ['.sql'], loader: 'sql' }],
    migrationsTable: MIGRATIONS_TABLE,
    schema: place.schema,
    // Asked for a schema that exists, PostgreSQL still wants the right to create one.
    createSchema: !place.schemaExists,
    direction,
    ...(count !== undefined && { count }),
    advisoryLockMode: 'wait',
    singleTransaction: false,
    logger: { debug: log, info: log, warn: log, error: log },
  };
}

type Options = Omit<Extract<RunnerOption, { dbClient: unknown }>, 'dbClient'>;

function connected(client: PgClient): Promise<void> {
  return new Promise((resolve, reject) => {
    client.connect((error) => (error === undefined || error === null ? resolve() : reject(error)));
  });
}

/** Two refusals of the server, with what to do about them. */
function explained(error: unknown, schema: string): unknown {
  const state = sqlStateOf(error);
  if (state === '42P07') {
    const why = `schema ${schema} has a table of that name that is not ours (${(error as Error).message}): choose another with schema=`;
    return new CodedError('misconfigured', why, { cause: error });
  }
  if (state === '42501') {
    const why = `the role may not create the tables: run \`npm run migrate\` as one that may, and set migrate=false`;
    return new CodedError('misconfigured', why, { cause: error });
  }
  return codeOf(error) === undefined ? translate(error) : error;
}
