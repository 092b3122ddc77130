import { CodedError } from '@product-updates/errors';
import type { Clock } from '@product-updates/queue';
import pg from 'pg';
import type { Endpoint, Endpoints } from './endpoints.ts';

/** One connection of `pg`, as far as it is used here. */
export interface PgClient {
  readonly endpoint: Endpoint;
  connect(callback: (error?: Error | null) => void): void;
  query(query: PgQuery, callback: (error: Error | null, result: PgResult | readonly PgResult[]) => void): void;
  end(callback: () => void): void;
  on(event: 'error', listener: (error: Error) => void): void;
  /** The way to hang up on a server that answers nothing any more. */
  readonly connection: { readonly stream: { destroy(): void } };
}

/** `pg.Pool`, as far as it is used here. */
export interface PgPool {
  readonly idleCount: number;
  connect(callback: (error: unknown, client: PgClient | undefined, release: Release) => void): void;
  end(): Promise<void>;
  on(event: 'connect' | 'remove', listener: (client: PgClient) => void): void;
  on(event: 'error', listener: (error: Error) => void): void;
}

/** Gives a connection back, or has it closed. */
export type Release = (destroy?: boolean) => void;

export interface PgQuery {
  readonly text: string;
  /** Of a prepared statement, kept by the connection. */
  readonly name?: string;
  /** A Buffer goes out as the type's binary form, a string as its text. */
  readonly values?: readonly PgValue[];
  readonly rowMode: 'array';
}

export type PgValue = string | Buffer | null;

/** Every column as the server's text: `numeric` and `bigint` would lose digits in any other. */
export type Row = readonly (string | null)[];

export interface PgResult {
  readonly rows: readonly Row[];
}

/** What is the same for every server of the URL. */
export interface PgSession {
  readonly user?: string;
  readonly password?: string;
  readonly database?: string;
  readonly application_name: string;
  /** As libpq's: `-c name=value …`, or what a vendor's proxy reads there. */
  readonly options?: string;
  /** In ms; 0 is no bound of its own. */
  readonly connectionTimeoutMillis: number;
  readonly keepAlive: boolean;
  readonly keepAliveInitialDelayMillis: number;
  readonly sslnegotiation: 'postgres' | 'direct';
  readonly channelBinding: 'disable' | 'prefer' | 'require';
  /** In ms; the server ends a statement that takes longer. */
  readonly statement_timeout?: number;
  /** In ms; the server ends a statement that waits longer for a lock. */
  readonly lock_timeout?: number;
}

/** Of `tls.connect`. */
export interface PgTls {
  readonly rejectUnauthorized: boolean;
  readonly checkServerIdentity?: () => undefined;
  readonly ca?: string;
  readonly crl?: string;
  readonly cert?: string;
  readonly key?: string;
  readonly passphrase?: string;
  readonly minVersion?: TlsVersion;
  readonly maxVersion?: TlsVersion;
}

export type TlsVersion = 'TLSv1' | 'TLSv1.1' | 'TLSv1.2' | 'TLSv1.3';

const asText = (text: string): string => text;

/** Not connected yet. Its `error` event must be listened to all its life: else a lost connection ends the process. */
export function createClient(session: PgSession, endpoint: Endpoint): PgClient {
  return new Client(session, endpoint);
}

class Client extends pg.Client {
  readonly endpoint: Endpoint;

  constructor({ channelBinding, sslnegotiation, ...session }: PgSession, endpoint: Endpoint) {
    const { host, port, ssl } = endpoint;
    const tls = ssl !== false && {
      sslnegotiation,
      // pg hides the key in what it is given, so each connection needs a copy.
      ssl: { ...ssl },
      enableChannelBinding: channelBinding !== 'disable',
    };
    super({ ...session, host, port, ssl: false, ...tls, types: { getTypeParser: () => asText } });
    this.endpoint = endpoint;
    if (channelBinding === 'require') requireChannelBinding(this.connection);
  }
}

/** The events of pg's `Connection` by which a server asks for a password, and says that it needs none. */
interface Authentication {
  readonly stream: { destroy(error: Error): void };
  prependListener(event: string, listener: (message: { readonly mechanisms?: readonly string[] }) => void): void;
}

/** pg binds where the server offers it. Where it does not, nothing must be sent that was derived from the password. */
function requireChannelBinding(connection: Authentication): void {
  let isBound = false;
  const refuse = (): void => {
    const why = 'PostgreSQL: channel_binding=require, but the server does not offer it';
    connection.stream.destroy(new CodedError('misconfigured', why));
  };
  connection.prependListener('authenticationSASL', ({ mechanisms = [] }) => {
    isBound = mechanisms.includes('SCRAM-SHA-256-PLUS');
    if (!isBound) refuse();
  });
  for (const other of ['authenticationCleartextPassword', 'authenticationMD5Password']) {
    connection.prependListener(other, refuse);
  }
  connection.prependListener('authenticationOk', () => {
    if (!isBound) refuse();
  });
}

/** How long a connection is used: a name that moved is looked up again at the latest then. */
const MAX_LIFETIME_S = 300;

/** Its connections go to the current one of the endpoints; one that cannot be made moves on to the next. */
export function createPgPool(
  session: PgSession,
  endpoints: Endpoints,
  { max, timeoutMs }: { readonly max: number; readonly timeoutMs: number },
): PgPool {
  class ToCurrent extends Client {
    constructor() {
      super(session, endpoints.current);
    }
    // The pool's way to call it.
    override connect(callback?: unknown): Promise<never> {
      const settled = callback as (error: Error | null) => void;
      super.connect((error: Error | null) => {
        if (error !== null && error !== undefined) endpoints.failed(this.endpoint, error);
        settled(error);
      });
      return undefined as never;
    }
  }
  const pool = new pg.Pool({
    Client: ToCurrent,
    max,
    connectionTimeoutMillis: timeoutMs,
    idleTimeoutMillis: 0, // none: a connection costs more than it takes to keep
    maxLifetimeSeconds: MAX_LIFETIME_S,
  });
  return pool as unknown as PgPool;
}

const END_WITHIN_MS = 1000;

/** Says goodbye; a server that does not hear it within a second is hung up on. */
export function endClient(client: PgClient, clock: Clock): Promise<void> {
  return new Promise((resolve) => {
    const cancel = clock.schedule(END_WITHIN_MS, () => {
      client.connection.stream.destroy();
      resolve();
    });
    client.end(() => {
      cancel();
      resolve();
    });
  });
}
