import { CodedError } from '@product-updates/errors';
import type { Durability } from '@product-updates/queue';
import type { Row } from './client.ts';
import { MIGRATIONS_TABLE } from './migrations.ts';
import type { Pool } from './pool.ts';
import { quoted } from './schema-name.ts';

/** What the server says of itself and of the schema. */
export interface Inspection {
  readonly serverVersion: string;
  readonly durability: Durability;
  readonly schema: string;
  readonly schemaExists: boolean;
  /** In the order in which they ran; empty at first. */
  readonly migrationsRun: readonly string[];
}

/** Rejects `unavailable` where the server takes no writes now: a standby may be promoted. */
export async function inspect(pool: Pool, wanted: string | undefined): Promise<Inspection> {
  const facts = { kind: 'write', text: FACTS, check: refuseReadOnly } as const;
  const [row] = await pool.query(facts, () => [wanted ?? null, MIGRATIONS_TABLE]);
  const [, , serverVersion, encoding, schema, schemaExists, migrated, ...durability] = row as Row;
  if (encoding !== 'UTF8') {
    throw new CodedError(
      'misconfigured',
      `the database has the encoding ${encoding}, which cannot hold every text: create one with ` +
        `encoding 'UTF8' template template0`,
    );
  }
  if (typeof schema !== 'string') {
    throw new CodedError('misconfigured', 'no schema of the search path exists: name one with the option schema=');
  }
  return {
    serverVersion: serverVersion as string,
    durability: durabilityOf(durability),
    schema,
    schemaExists: schemaExists === 't',
    migrationsRun: migrated === 't' ? await migrationsRun(pool, schema) : [],
  };
}

/** Throws `unavailable` where the server answers but takes no writes. */
function refuseReadOnly([row]: readonly Row[]): void {
  const [inRecovery, readOnly] = row as Row;
  if (inRecovery === 't') throw new CodedError('unavailable', 'PostgreSQL: this server is a read-only standby');
  if (readOnly === 'on') throw new CodedError('unavailable', 'PostgreSQL: the server is set to read-only');
}

/** Rejects `misconfigured`, with what to grant. */
export async function refuseMissingRights(pool: Pool, schema: string): Promise<void> {
  const wanted = Object.entries(RIGHTS).flatMap(([table, rights]) => rights.map((right) => ({ table, right })));
  const checks = wanted.map(
    ({ table, right }) => `has_table_privilege('${quoted(schema).replaceAll("'", "''")}.${table}', '${right}')`,
  );
  const [row = []] = await pool.query({ kind: 'read', text: `select ${checks.join(', ')}` });
  const missing = wanted.filter((_, i) => row[i] !== 't').map(({ table, right }) => `${right} on ${schema}.${table}`);
  if (missing.length > 0) throw new CodedError('misconfigured', `the role lacks rights: grant ${missing.join(', ')}`);
}

const RIGHTS: Readonly<Record<string, readonly string[]>> = {
  products: ['select', 'insert', 'update'],
  dead_letters: ['select', 'insert', 'update', 'delete'],
  dead_letter_count: ['select', 'update'],
};

const FACTS =
  `select pg_is_in_recovery(), current_setting('transaction_read_only'), ` +
  `split_part(current_setting('server_version'), ' ', 1), current_setting('server_encoding'), place.schema, ` +
  `to_regnamespace(quote_ident(place.schema)) is not null, ` +
  `to_regclass(quote_ident(place.schema) || '.' || quote_ident($2)) is not null, current_setting('fsync'), ` +
  `current_setting('synchronous_commit'), current_setting('synchronous_standby_names') ` +
  `from (select coalesce($1::text, current_schema()::text) as schema) as place`;

/**
 * Without `fsync`, or with commits that do not wait for it, what was acknowledged is lost with the machine. With a
 * synchronous standby it survives the loss of one (manual, "synchronous_commit"; `local` does not wait for standbys).
 */
function durabilityOf([fsync, synchronousCommit, standbyNames]: Row): Durability {
  if (fsync === 'off' || synchronousCommit === 'off') return 'process';
  return standbyNames !== '' && synchronousCommit !== 'local' ? 'replicated' : 'disk';
}

async function migrationsRun(pool: Pool, schema: string): Promise<string[]> {
  const text = `select name from ${quoted(schema)}.${MIGRATIONS_TABLE} order by id`;
  const rows = await pool.query({ kind: 'read', text });
  return rows.map(([name]) => name as string);
}
