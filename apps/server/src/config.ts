import { readFileSync } from 'node:fs';
import { BlockList, isIP } from 'node:net';
import { posix } from 'node:path';
import { CodedError, codeOf, describe } from '@product-updates/errors';
import { parseApiKeys, type ApiKey } from '@product-updates/http';
import { logLevels, type LogLevel } from '@product-updates/telemetry';
import {
  bytes,
  describeVariables,
  integer,
  oneOf,
  readVariables,
  text,
  textOrNone,
  url,
  yesOrNo,
  type Environment,
} from './variables.ts';

export type { Environment };

export const roles = ['all', 'api', 'worker'] as const;
export type Role = (typeof roles)[number];

/** What the environment says, read and checked. */
export interface Config {
  /** 0: any free one. */
  readonly port: number;
  readonly host: string;
  readonly workers: number;
  readonly queueUrl: URL;
  readonly storeUrl: URL;
  /** Where a URL was not given itself, the folder that it was made of. */
  readonly dataDir: string | null;
  readonly role: Role;
  readonly allowVolatileStore: boolean;
  readonly batchMax: number;
  readonly retry: { readonly attempts: number; readonly baseMs: number; readonly maxMs: number };
  readonly bodyLimitBytes: number;
  readonly bodyMemoryBytes: number;
  readonly rateLimit: number;
  readonly trustProxy: number;
  readonly deadLetterMax: number;
  readonly apiKeys: readonly ApiKey[];
  readonly allowAnonymous: boolean;
  readonly logLevel: LogLevel;
  readonly shutdownTimeoutMs: number;
  readonly tracesEndpoint: string | null;
  /** Libpq's variables, `PGHOST` and the like, for the adapter that knows what they mean. */
  readonly environment: Environment;
}

const variables = {
  PORT: integer(8080, 0, 65_535, 'where HTTP is served; 0 is any free port'),
  HOST: text('127.0.0.1', 'the address to listen on; one that is not loopback needs API_KEYS or ALLOW_ANONYMOUS=true'),
  WORKERS: integer(3, 1, 64, 'lanes of the worker pool'),
  QUEUE_URL: url('memory:?capacity=100000', 'where accepted updates wait; known: memory:, lmdb:'),
  STORE_URL: url(
    'memory:',
    'where products and dead letters are kept; known: memory:, lmdb:, postgres:, postgresql:, redis:, rediss:',
  ),
  DATA_DIR: textOrNone(
    'a folder: QUEUE_URL is then lmdb:…/queue in it and STORE_URL lmdb:…/store; one process, nothing lost',
  ),
  ROLE: oneOf('all', roles, 'api accepts and reads, worker applies, all does both; memory: and lmdb: need all'),
  ALLOW_VOLATILE_STORE: yesOrNo('true lets a queue be more durable than its store, which would ack and forget'),
  BATCH_MAX: integer(500, 1, 20_000, 'most products in one apply'),
  RETRY_ATTEMPTS: integer(5, 1, 20, 'how often an update is tried before it becomes a dead letter'),
  RETRY_BASE_MS: integer(100, 1, 3_600_000, 'the first delay; it doubles with each attempt, with full jitter'),
  RETRY_MAX_MS: integer(30_000, 1, 3_600_000, 'the longest delay'),
  BODY_LIMIT: bytes('4mb', 1024, '256mb', 'the largest request body'),
  BODY_MEMORY: bytes('256mb', 1024, '65536mb', 'all request bodies in flight together; beyond it 503'),
  RATE_LIMIT: integer(0, 0, 1_000_000_000, 'updates per second and client (its key, else its address); 0 is off'),
  TRUST_PROXY: integer(0, 0, 16, 'hops of X-Forwarded-For to believe'),
  DEAD_LETTER_MAX: integer(
    100_000,
    1,
    10_000_000,
    'dead letters kept; at the bound nothing is evicted, the pipeline holds',
  ),
  API_KEYS: textOrNone(
    'name:write+read:key, comma-separated, or @file with one a line; scopes: write, read, admin; a key has at least 16 characters',
  ),
  ALLOW_ANONYMOUS: yesOrNo('true serves everybody who can reach HOST, without a key'),
  LOG_LEVEL: oneOf('info', logLevels, 'debug tells every enqueue, dequeue, retry and ack'),
  SHUTDOWN_TIMEOUT_MS: integer(10_000, 0, 3_600_000, 'how long a shutdown may drain'),
  OTEL_EXPORTER_OTLP_ENDPOINT: textOrNone('where traces go; this version has none yet and warns when it is set'),
};

/**
 * Reads the environment; the only place that does. Throws `misconfigured` with one line that names the variable and the
 * values it can have, and never a secret. A variable that is not in the table is none of ours and no error.
 */
export function readConfig(environment: Environment = process.env): Config {
  const read = readVariables(variables, withDataDir(environment));
  const apiKeys = read.API_KEYS === null ? [] : readApiKeys(read.API_KEYS);
  if (read.RETRY_MAX_MS < read.RETRY_BASE_MS) {
    throw refusal(`RETRY_MAX_MS (${read.RETRY_MAX_MS}) is less than RETRY_BASE_MS (${read.RETRY_BASE_MS})`);
  }
  if (read.BODY_MEMORY < read.BODY_LIMIT) {
    throw refusal(`BODY_MEMORY (${read.BODY_MEMORY} bytes) is less than BODY_LIMIT (${read.BODY_LIMIT} bytes)`);
  }
  if (!isLoopback(read.HOST) && apiKeys.length === 0 && !read.ALLOW_ANONYMOUS) {
    throw refusal(
      `HOST ${read.HOST} can be reached by others: set API_KEYS, or ALLOW_ANONYMOUS=true to serve everybody`,
    );
  }
  return {
    port: read.PORT,
    host: read.HOST,
    workers: read.WORKERS,
    queueUrl: read.QUEUE_URL,
    storeUrl: read.STORE_URL,
    dataDir: read.DATA_DIR,
    role: read.ROLE,
    allowVolatileStore: read.ALLOW_VOLATILE_STORE,
    batchMax: read.BATCH_MAX,
    retry: { attempts: read.RETRY_ATTEMPTS, baseMs: read.RETRY_BASE_MS, maxMs: read.RETRY_MAX_MS },
    bodyLimitBytes: read.BODY_LIMIT,
    bodyMemoryBytes: read.BODY_MEMORY,
    rateLimit: read.RATE_LIMIT,
    trustProxy: read.TRUST_PROXY,
    deadLetterMax: read.DEAD_LETTER_MAX,
    apiKeys,
    allowAnonymous: read.ALLOW_ANONYMOUS,
    logLevel: read.LOG_LEVEL,
    shutdownTimeoutMs: read.SHUTDOWN_TIMEOUT_MS,
    tracesEndpoint: read.OTEL_EXPORTER_OTLP_ENDPOINT,
    environment: libpqVariables(environment),
  };
}

/** STORE_URL alone, or what DATA_DIR makes of it; for what serves nobody. Throws as `readConfig`. */
export function readStoreUrl(environment: Environment = process.env): Pick<Config, 'storeUrl' | 'environment'> {
  const { DATA_DIR, STORE_URL } = variables;
  const read = readVariables({ DATA_DIR, STORE_URL }, withDataDir(environment));
  return { storeUrl: read.STORE_URL, environment: libpqVariables(environment) };
}

function libpqVariables(environment: Environment): Environment {
  return Object.fromEntries(Object.entries(environment).filter(([name]) => name.startsWith('PG')));
}

/** The table, as `--help` prints it. */
export function describeConfig(): string {
  return describeVariables(variables);
}

/** A URL that is given itself wins; where both are, the folder would silently mean nothing. */
function withDataDir(environment: Environment): Environment {
  const dataDir = environment['DATA_DIR']?.trim() ?? '';
  if (dataDir === '') return environment;
  const given = (name: string): boolean => (environment[name] ?? '').trim() !== '';
  if (given('QUEUE_URL') && given('STORE_URL')) {
    throw refusal('DATA_DIR stands for QUEUE_URL and STORE_URL: set it, or the two, but not all three');
  }
  const of = urlsOf(dataDir);
  return {
    ...environment,
    QUEUE_URL: given('QUEUE_URL') ? environment['QUEUE_URL'] : of.QUEUE_URL,
    STORE_URL: given('STORE_URL') ? environment['STORE_URL'] : of.STORE_URL,
  };
}

/** What DATA_DIR stands for. */
export function urlsOf(dataDir: string): Record<'QUEUE_URL' | 'STORE_URL', string> {
  // Normalized, since a path that begins with two slashes would be read as a host.
  const urlOf = (name: string): string =>
    `lmdb:${posix.join(dataDir, name).split('/').map(encodeURIComponent).join('/')}`;
  return { QUEUE_URL: urlOf('queue'), STORE_URL: urlOf('store') };
}

function readApiKeys(value: string): readonly ApiKey[] {
  try {
    return value.startsWith('@') ? parseApiKeys(readFileSync(value.slice(1), 'utf8'), 'lines') : parseApiKeys(value);
  } catch (error) {
    // Only what is known to hold no key is told on, without the cause: our own refusals, and the code of an error of the
    // file system, whose message quotes the path, which is a key where somebody wrote an @ too many.
    const why = codeOf(error) === undefined ? `the file cannot be read (${systemCodeOf(error)})` : describe(error);
    throw new CodedError('misconfigured', `API_KEYS: ${why}; known: name:write+read:key, comma-separated, or @file`);
  }
}

function systemCodeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : 'unknown error';
}

const loopback = new BlockList();
loopback.addSubnet('127.0.0.0', 8, 'ipv4');
loopback.addAddress('::1', 'ipv6');

/** Names other than localhost may mean anything: they count as reachable by others. */
function isLoopback(host: string): boolean {
  const family = isIP(host);
  return family === 0 ? host.toLowerCase() === 'localhost' : loopback.check(host, family === 4 ? 'ipv4' : 'ipv6');
}

function refusal(why: string): CodedError {
  return new CodedError('misconfigured', why);
}
