import type { Clock } from '@product-updates/queue';
import pg from 'pg';

/** One connection of `pg`, as far as it is used here. */
export interface PgClient {
  connect(callback: (error?: Error | null) => void): void;
  query(query: PgQuery, callback: (error: Error | null, result: PgResult | readonly PgResult[]) => void): void;
  end(callback: () => void): void;
  on(event: 'error', listener: (error: Error) => void): void;
  on(event: 'end', listener: () => void): void;
  /** The way to hang up on a server that answers nothing any more. */
  readonly connection: { readonly stream: { destroy(): void } };
}

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

/** What `pg.Client` is told about a connection. */
export interface PgConfig {
  readonly host: string;
  readonly port: number;
  readonly user?: string;
  readonly password?: string;
  readonly database?: string;
  readonly ssl: false | PgTls;
  readonly application_name: string;
  /** In ms; the server ends a statement that takes longer. */
  readonly statement_timeout?: number;
  /** In ms; the server ends a statement that waits longer for a lock. */
  readonly lock_timeout?: number;
}

export interface PgTls {
  readonly rejectUnauthorized: boolean;
  readonly ca?: string;
  readonly cert?: string;
  readonly key?: string;
}

const KEEP_ALIVE_AFTER_MS = 10_000;

const asText = (text: string): string => text;

/** Not connected yet. Its `error` event must be listened to all its life: else a lost connection ends the process. */
export function createClient(config: PgConfig): PgClient {
  return new pg.Client({
    ...config,
    keepAlive: true,
    keepAliveInitialDelayMillis: KEEP_ALIVE_AFTER_MS,
    types: { getTypeParser: () => asText },
  });
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
