import { readFileSync } from 'node:fs';
import { CodedError, readUrlOptions, redact } from '@product-updates/errors';
import type { PgConfig, PgTls } from './client.ts';

/** What a `postgres:` URL says. */
export interface PostgresOptions {
  readonly connection: PgConfig;
  /** Where it is, without secrets. */
  readonly place: string;
  /** `undefined`: the first one of the search path. */
  readonly schema: string | undefined;
  readonly pool: number;
  readonly timeoutMs: number;
  readonly startTimeoutMs: number;
  /** Whether opening may change tables. */
  readonly migrate: boolean;
  /** Whether something between us and the server changes servers between transactions. */
  readonly pooled: boolean;
}

const known = {
  schema: { type: 'text', default: '' },
  pool: { type: 'integer', min: 1, max: 200, default: 10 },
  timeoutMs: { type: 'integer', min: 50, max: 600_000, default: 5000 },
  startTimeoutMs: { type: 'integer', min: 50, max: 86_400_000, default: 60_000 },
  migrate: { type: 'choice', values: ['true', 'false'], default: '' },
  pooler: { type: 'choice', values: ['none', 'transaction'], default: 'none' },
  application_name: { type: 'text', default: 'product-updates' },
  host: { type: 'text', default: '' },
  sslmode: { type: 'choice', values: ['disable', 'no-verify', 'require', 'verify-ca', 'verify-full'], default: '' },
  sslrootcert: { type: 'text', default: '' },
  sslcert: { type: 'text', default: '' },
  sslkey: { type: 'text', default: '' },
} as const;

/** PostgreSQL cuts longer names silently (NAMEDATALEN). */
const LONGEST_NAME_BYTES = 63;

/** Throws `misconfigured`, without a secret. What the URL leaves out comes from PGUSER, PGPASSWORD, … as everywhere. */
export function readOptions(url: URL): PostgresOptions {
  const read = readUrlOptions(url, known);
  if (url.hash !== '') throw refusal('a # in the URL must be written as %23');
  const schema = read.schema === '' ? undefined : read.schema;
  if (schema !== undefined) refuseBadSchema(schema);
  const pooled = read.pooler === 'transaction';
  if (pooled && read.migrate === 'true') {
    throw refusal('migrate=true needs a session of its own: behind pooler=transaction run `npm run migrate` directly');
  }
  const connection = connectionOf(url, read);
  return {
    connection,
    place: `${connection.host}:${connection.port}${connection.database === undefined ? '' : `/${connection.database}`}`,
    schema,
    pool: read.pool,
    timeoutMs: read.timeoutMs,
    startTimeoutMs: read.startTimeoutMs,
    migrate: !pooled && read.migrate !== 'false',
    pooled,
  };
}

type Read = ReturnType<typeof readUrlOptions<typeof known>>;

function connectionOf(url: URL, read: Read): PgConfig {
  const database = unescaped('the database', url.pathname.slice(1));
  if (database.includes('/')) throw refusal('the URL names one database: postgres://user@host:5432/database');
  const user = unescaped('the user', url.username);
  const password = unescaped('the password', url.password);
  const urlHost = unescaped('the host', url.hostname.replace(/^\[(.*)\]$/, '$1'));
  if (urlHost !== '' && read.host !== '') throw refusal('the host stands twice: before the path, and as an option');
  if (urlHost.includes(',')) throw refusal('one host: a list of them is not supported');
  return {
    host: urlHost || read.host || 'localhost',
    port: url.port === '' ? 5432 : Number(url.port),
    ...(user !== '' && { user }),
    ...(password !== '' && { password }),
    ...(database !== '' && { database }),
    ssl: tlsOf(read),
    application_name: read.application_name,
  };
}

/** As pg 8 reads them: `require` and `verify-ca` check as much as `verify-full`, which is more than libpq does. */
function tlsOf({ sslmode, sslrootcert, sslcert, sslkey }: Read): PgConfig['ssl'] {
  const files = [sslrootcert, sslcert, sslkey].some((path) => path !== '');
  if (sslmode === 'disable' || (sslmode === '' && !files)) {
    if (files) throw refusal('sslmode=disable and certificates contradict each other');
    return false;
  }
  const tls: PgTls = {
    rejectUnauthorized: sslmode !== 'no-verify',
    ...(sslrootcert !== '' && { ca: fileOf('sslrootcert', sslrootcert) }),
    ...(sslcert !== '' && { cert: fileOf('sslcert', sslcert) }),
    ...(sslkey !== '' && { key: fileOf('sslkey', sslkey) }),
  };
  return tls;
}

function fileOf(option: string, path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    throw new CodedError('misconfigured', `option "${option}": the file cannot be read`, { cause: error });
  }
}

function refuseBadSchema(schema: string): void {
  if (/^pg_|["\\\0]/.test(schema) || Buffer.byteLength(schema) > LONGEST_NAME_BYTES) {
    throw refusal('option "schema" is a name of at most 63 bytes without quotes, that does not begin with pg_');
  }
}

/** Not quoted when it is bad: it may be the password. */
function unescaped(what: string, text: string): string {
  try {
    return decodeURIComponent(text);
  } catch (error) {
    throw new CodedError('misconfigured', `${what} in the URL has a % that is not followed by two hex digits`, {
      cause: error,
    });
  }
}

function refusal(why: string): CodedError {
  return new CodedError('misconfigured', `postgres: ${redact(why)}`);
}
