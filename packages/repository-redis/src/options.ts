import { readFileSync } from 'node:fs';
import { CodedError, readUrlOptions, redactUrl } from '@product-updates/errors';

export interface Server {
  readonly host: string;
  readonly port: number;
}

/** What `redis:` and `rediss:` URLs say, read and checked. */
export interface RedisOptions {
  /** One, or those of a cluster that are asked where the others are. */
  readonly servers: readonly [Server, ...Server[]];
  readonly username: string | undefined;
  readonly password: string | undefined;
  readonly database: number;
  readonly tls: TlsOptions | undefined;
  readonly cluster: boolean;
  readonly prefix: string;
  /** For a call, and for making a connection. */
  readonly timeoutMs: number;
  /** Declared for a server that does not tell. */
  readonly durability: 'process' | 'disk' | undefined;
}

export interface TlsOptions {
  readonly servername?: string;
  readonly ca?: string;
  readonly cert?: string;
  readonly key?: string;
}

const DEFAULT_PORT = 6379;
const DATABASE_MAX = 9999;

const known = {
  prefix: { type: 'text', default: 'product-updates:' },
  timeoutMs: { type: 'integer', min: 50, max: 600_000, default: 5000 },
  cluster: { type: 'choice', values: ['true', 'false'], default: 'false' },
  nodes: { type: 'text', default: '' },
  durability: { type: 'choice', values: ['auto', 'process', 'disk'], default: 'auto' },
  tlsCa: { type: 'text', default: '' },
  tlsCert: { type: 'text', default: '' },
  tlsKey: { type: 'text', default: '' },
  tlsServername: { type: 'text', default: '' },
} as const;

/** Throws `misconfigured`, with the known values and without the password. */
export function readRedisUrl(url: URL): RedisOptions {
  const read = readUrlOptions(url, known);
  const refuse = (why: string): CodedError => new CodedError('misconfigured', `${redactUrl(url)}: ${why}`);
  const cluster = read.cluster === 'true';
  const database = databaseOf(url, refuse);
  if (url.hostname === '') throw refuse('a host is missing, as in redis://localhost:6379');
  if (url.hash !== '') throw refuse('nothing may follow a #');
  if (cluster && database !== 0) throw refuse('a cluster has no databases other than 0');
  if (!cluster && read.nodes !== '') throw refuse('option "nodes" names servers of a cluster: it needs cluster=true');
  if (read.prefix.includes('{}') || read.prefix.length > 200) {
    throw refuse('option "prefix" is a text of at most 200 characters without {}');
  }
  const further = read.nodes.split(',').filter((node) => node !== '');
  return {
    servers: [serverOf(url), ...further.map((node) => parseServer(node, refuse))],
    username: decoded(url.username, refuse),
    password: decoded(url.password, refuse),
    database,
    tls: tlsOf(url, read, refuse),
    cluster,
    prefix: read.prefix,
    timeoutMs: read.timeoutMs,
    durability: read.durability === 'process' || read.durability === 'disk' ? read.durability : undefined,
  };
}

/** `host:port`, as Redis writes it. */
export function addressOf({ host, port }: Server): string {
  return `${host}:${port}`;
}

/** The port stands behind the last colon: an IPv6 address has more, and no brackets. */
export function parseAddress(address: string): Server | undefined {
  const [, host, port] = /^(.+):(\d{1,5})$/.exec(address) ?? [];
  return host === undefined || port === undefined ? undefined : { host, port: Number(port) };
}

type Refuse = (why: string) => CodedError;

function serverOf(url: URL): Server {
  return { host: url.hostname.replace(/^\[|\]$/g, ''), port: url.port === '' ? DEFAULT_PORT : Number(url.port) };
}

function parseServer(node: string, refuse: Refuse): Server {
  const url = URL.canParse(`redis://${node}`) ? new URL(`redis://${node}`) : undefined;
  if (url === undefined || url.hostname === '' || url.pathname !== '' || url.username !== '' || url.password !== '') {
    throw refuse('option "nodes" is a list as in host1:6379,host2:6379');
  }
  return serverOf(url);
}

function databaseOf({ pathname }: URL, refuse: Refuse): number {
  const text = pathname.replace(/^\//, '');
  const database = text === '' ? 0 : /^\d{1,4}$/.test(text) ? Number(text) : Number.NaN;
  if (database <= DATABASE_MAX) return database;
  throw refuse('what follows the host is the number of a database, as in redis://localhost:6379/0');
}

function decoded(text: string, refuse: Refuse): string | undefined {
  if (text === '') return undefined;
  try {
    return decodeURIComponent(text);
  } catch {
    throw refuse('user and password are percent-encoded, and this is not: write % as %25');
  }
}

function tlsOf(
  url: URL,
  read: Record<`tls${'Ca' | 'Cert' | 'Key' | 'Servername'}`, string>,
  refuse: Refuse,
): TlsOptions | undefined {
  const files = { ca: read.tlsCa, cert: read.tlsCert, key: read.tlsKey };
  if (url.protocol !== 'rediss:') {
    if (Object.values(files).some((path) => path !== '') || read.tlsServername !== '') {
      throw refuse('the options that begin with tls need rediss://');
    }
    return undefined;
  }
  if ((files.cert === '') !== (files.key === '')) throw refuse('options "tlsCert" and "tlsKey" go together');
  const contents = Object.entries(files)
    .filter(([, path]) => path !== '')
    .map(([name, path]) => [name, readPem(name, path, refuse)]);
  const servername = read.tlsServername === '' ? {} : { servername: read.tlsServername };
  return { ...servername, ...(Object.fromEntries(contents) as TlsOptions) };
}

function readPem(name: string, path: string, refuse: Refuse): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw refuse(
      `the file of option "tls${name.charAt(0).toUpperCase()}${name.slice(1)}" cannot be read (${code ?? 'unknown error'})`,
    );
  }
}
