import { CodedError, readUrlOptions } from '@product-updates/errors';
import type { PgSession } from './client.ts';
import type { Endpoint } from './endpoints.ts';
import { type Environment, readEnvironment } from './libpq/environment.ts';
import { type HostAndPort, readHosts } from './libpq/hosts.ts';
import { readTls, type TlsChoice } from './libpq/tls.ts';

/** What a `postgres:` URL says. */
export interface PostgresOptions {
  readonly session: PgSession;
  readonly endpoints: readonly [Endpoint, ...Endpoint[]];
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

const text = { type: 'text', default: '' } as const;
const one = <T extends string>(...values: readonly T[]) => ({ type: 'choice', values, default: '' }) as const;
const tlsVersion = one('TLSv1', 'TLSv1.1', 'TLSv1.2', 'TLSv1.3');

const ours = {
  schema: text,
  pool: { type: 'integer', min: 1, max: 200, default: 10 },
  timeoutMs: { type: 'integer', min: 50, max: 600_000, default: 5000 },
  startTimeoutMs: { type: 'integer', min: 50, max: 86_400_000, default: 60_000 },
  migrate: one('true', 'false'),
  pooler: one('none', 'transaction'),
} as const;

/** Named and meant as in libpq (manual, "Parameter Key Words"). What is not here, or has one value only, cannot be done. */
const libpq = {
  host: text,
  port: text,
  dbname: text,
  user: text,
  password: text,
  application_name: text,
  fallback_application_name: text,
  options: text,
  connect_timeout: { type: 'integer', min: 0, max: 86_400, default: 0 },
  keepalives: one('0', '1'),
  keepalives_idle: { type: 'integer', min: 0, max: 86_400, default: 0 },
  // This store writes, so whatever of these is asked for, it is the primary that is looked for.
  target_session_attrs: one('any', 'read-write', 'primary'),
  load_balance_hosts: one('disable'),
  client_encoding: one('UTF8', 'utf8', 'UTF-8', 'utf-8', 'auto'),
  channel_binding: one('disable', 'prefer', 'require'),
  gssencmode: one('disable', 'prefer'),
  ssl: one('true'),
  sslmode: one('disable', 'allow', 'prefer', 'require', 'verify-ca', 'verify-full', 'no-verify'),
  sslnegotiation: one('postgres', 'direct'),
  sslrootcert: text,
  sslcert: text,
  sslkey: text,
  sslpassword: text,
  sslcrl: text,
  sslsni: one('1'),
  sslcompression: one('0'),
  ssl_min_protocol_version: tlsVersion,
  ssl_max_protocol_version: tlsVersion,
  // Prisma's word for pooler=transaction, in the URLs of Supabase.
  pgbouncer: one('true'),
} as const;

const known = { ...ours, ...libpq };
type Read = ReturnType<typeof readUrlOptions<typeof known>>;

/** PostgreSQL cuts longer names silently (NAMEDATALEN). */
const LONGEST_NAME_BYTES = 63;
const KEEP_ALIVE_AFTER_MS = 10_000;

/** Throws `misconfigured`, without a secret. What the URL leaves out comes from libpq's variables of the environment. */
export function readOptions(url: URL, environment: Environment = {}): PostgresOptions {
  if (url.hash !== '') throw refusal('a # in the URL must be written as %23');
  if (url.pathname.includes('@')) throw refusal('a / in the password must be written as %2F, an @ in a name as %40');
  refuseTwice(url);
  const read = readUrlOptions(url, withDefaults(environment, url.searchParams.has('ssl')));
  const schema = read.schema === '' ? undefined : read.schema;
  if (schema !== undefined) refuseBadSchema(schema);
  const pooled = read.pooler === 'transaction' || read.pgbouncer === 'true';
  if (pooled && read.migrate === 'true') {
    throw refusal('migrate=true needs a session of its own: behind pooler=transaction run `npm run migrate` directly');
  }
  const hosts = hostsOf(url, read);
  const session = sessionOf(url, read);
  const places = hosts.map(({ host, port }) => `${host}:${port}`).join(',');
  return {
    session,
    endpoints: endpointsOf(hosts, readTls(read)),
    place: session.database === undefined ? places : `${places}/${session.database}`,
    schema,
    pool: read.pool,
    timeoutMs: read.timeoutMs,
    startTimeoutMs: read.startTimeoutMs,
    migrate: !pooled && read.migrate !== 'false',
    pooled,
  };
}

/** What the environment gives is the default of the option. */
function withDefaults(environment: Environment, isWithoutSslmode: boolean): typeof known {
  const defaults = readEnvironment(environment, known);
  const options = Object.entries(known).map(([name, option]) => {
    const value = isWithoutSslmode && name === 'sslmode' ? undefined : defaults.get(name);
    if (value === undefined) return [name, option];
    return [name, { ...option, default: option.type === 'integer' ? Number(value) : value }];
  });
  return Object.fromEntries(options) as typeof known;
}

function refuseTwice(url: URL): void {
  const { port, username: user, password, pathname } = url;
  for (const [name, part] of Object.entries({
    host: hostTextOf(url),
    port,
    user,
    password,
    dbname: pathname.slice(1),
  })) {
    if (part === '' || !url.searchParams.has(name)) continue;
    throw refusal(`${name} is given twice: before the ? and as an option`);
  }
}

function hostsOf(url: URL, { host, port }: Read): readonly [HostAndPort, ...HostAndPort[]] {
  const name = hostTextOf(url);
  const authority = name === '' || url.port === '' ? name : `${name}:${url.port}`;
  try {
    return readHosts({ authority, host, port });
  } catch (error) {
    throw refusal((error as Error).message);
  }
}

/** A list with ports, which a URL cannot hold, comes escaped: `one%3A5432,two%3A5433`. A space is no host. */
function hostTextOf(url: URL): string {
  return unescaped('the host', url.hostname).trim();
}

function sessionOf(url: URL, read: Read): PgSession {
  const database = unescaped('the database', url.pathname.slice(1)) || read.dbname;
  if (database.includes('/')) throw refusal('the URL names one database: postgres://user@host:5432/database');
  const user = unescaped('the user', url.username) || read.user;
  const password = unescaped('the password', url.password) || read.password;
  return {
    ...(user !== '' && { user }),
    ...(password !== '' && { password }),
    ...(database !== '' && { database }),
    application_name: read.application_name || read.fallback_application_name || 'product-updates',
    ...(read.options !== '' && { options: read.options }),
    connectionTimeoutMillis: read.connect_timeout * 1000,
    keepAlive: read.keepalives !== '0',
    keepAliveInitialDelayMillis: read.keepalives_idle * 1000 || KEEP_ALIVE_AFTER_MS,
    sslnegotiation: read.sslnegotiation === 'direct' ? 'direct' : 'postgres',
    channelBinding: (read.channel_binding || 'prefer') as PgSession['channelBinding'],
  };
}

function endpointsOf(hosts: readonly HostAndPort[], { tls, plain }: TlsChoice): [Endpoint, ...Endpoint[]] {
  const all = hosts.flatMap(({ host, port }): Endpoint[] => {
    // libpq knows no TLS on a Unix socket either.
    if (tls === undefined || host.startsWith('/')) return [{ host, port, ssl: false, onlyWithoutTls: false }];
    const first: Endpoint = { host, port, ssl: tls, onlyWithoutTls: false };
    return plain ? [first, { host, port, ssl: false, onlyWithoutTls: true }] : [first];
  });
  return all as [Endpoint, ...Endpoint[]];
}

function refuseBadSchema(schema: string): void {
  if (/^pg_|["\\\0]/.test(schema) || Buffer.byteLength(schema) > LONGEST_NAME_BYTES) {
    throw refusal('option "schema" is a name of at most 63 bytes without quotes, that does not begin with pg_');
  }
}

/** Not quoted when it is bad: it may be the password. */
function unescaped(what: string, escaped: string): string {
  try {
    return decodeURIComponent(escaped);
  } catch (error) {
    throw new CodedError('misconfigured', `${what} in the URL has a % that is not followed by two hex digits`, {
      cause: error,
    });
  }
}

function refusal(why: string): CodedError {
  return new CodedError('misconfigured', `postgres: ${why}`);
}
