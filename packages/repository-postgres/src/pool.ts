import { CodedError } from '@product-updates/errors';
import type { Clock } from '@product-updates/queue';
import {
  endClient,
  type PgClient,
  type PgPool,
  type PgQuery,
  type PgResult,
  type PgValue,
  type Release,
  type Row,
} from './client.ts';
import type { Endpoint, Endpoints } from './endpoints.ts';
import { isNotPrimary, isWithoutTls, leavesConnectionUsable, translate } from './errors.ts';

/** What a call is for; each kind has connections of its own, so that writes that wait for locks do not lock out reads. */
export type CallKind = 'write' | 'read';

export interface Statement {
  readonly kind: CallKind;
  readonly text: string;
  /** Prepared once a connection, where the pool prepares. */
  readonly name?: string;
  /** In ms, in place of the pool's. */
  readonly timeoutMs?: number;
  /** Throws where the answer shows that the server or the session is not one to work with. */
  readonly check?: (rows: readonly Row[]) => void;
}

export interface PoolOptions {
  readonly create: (max: number) => PgPool;
  readonly endpoints: Endpoints;
  readonly max: number;
  /** In ms: for waiting, connecting and the statement together. */
  readonly timeoutMs: number;
  /** Whether statements keep their names: false behind a pooler that changes servers between transactions. */
  readonly prepare: boolean;
  readonly clock: Clock;
}

interface Call {
  readonly statement: Statement;
  readonly values: () => readonly PgValue[];
  readonly resolve: (rows: readonly Row[]) => void;
  readonly reject: (error: unknown) => void;
  readonly cancelTimer: () => void;
  /** How many endpoints were tried. */
  tried: number;
  /** That works for it. */
  connection: Connection | undefined;
}

interface Connection {
  readonly client: PgClient;
  readonly release: Release;
}

/**
 * What the server is told, in ms. A little less than we wait: then it is the server that ends a statement which takes too
 * long, and the connection lives on.
 */
export function statementTimeoutMs(timeoutMs: number): number {
  return Math.ceil(timeoutMs * 0.9);
}

/**
 * A condition for what reads: true on a primary, an error (55000) on a standby, which would answer what is old. Asked
 * once a statement, so also behind a pooler or a name that moves to another server.
 */
export const IS_PRIMARY = '(select case when pg_is_in_recovery() then pg_current_wal_lsn() end) is null';

const MAX_READ_CONNECTIONS = 2;

/**
 * Two `pg.Pool`s, for writes and for reads, with one deadline for waiting, connecting and the statement together. A
 * connection on which anything but a statement's own error happened is closed, and the idle ones with it: they go the
 * same way to the same server.
 *
 * It never tries again by itself, the pipeline does; except on the next server of the URL, where one cannot be reached or
 * takes no writes. Invariant: a call waits, or has a connection, or is settled.
 */
export class Pool implements AsyncDisposable {
  readonly #options: PoolOptions;
  readonly #pools: Readonly<Record<CallKind, PgPool>>;
  readonly #clients = new Set<PgClient>();
  readonly #waiting = new Set<Call>();
  #closing: Promise<void> | undefined;

  constructor(options: PoolOptions) {
    this.#options = options;
    const { max } = options;
    const reads = Math.min(MAX_READ_CONNECTIONS, Math.floor(max / 2));
    const write = this.#create(max - reads);
    this.#pools = { write, read: reads === 0 ? write : this.#create(reads) };
  }

  /** The rows, of the last result that has any. `values` is called once, when the statement is sent. */
  query(statement: Statement, values: () => readonly PgValue[] = () => []): Promise<readonly Row[]> {
    if (this.#closing !== undefined) return Promise.reject(closedError());
    return new Promise((resolve, reject) => {
      const timeoutMs = statement.timeoutMs ?? this.#options.timeoutMs;
      const cancelTimer = this.#options.clock.schedule(timeoutMs, () => this.#timeOut(call, timeoutMs));
      const call: Call = { statement, values, resolve, reject, cancelTimer, tried: 0, connection: undefined };
      this.#connect(call);
    });
  }

  /** What waits is rejected `closed`; what is under way may end, within its time-out. */
  [Symbol.asyncDispose](): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  #create(max: number): PgPool {
    const pool = this.#options.create(max);
    pool.on('connect', (client) => {
      this.#clients.add(client);
      client.on('error', () => {}); // the call under way is told, the pool removes an idle one
    });
    pool.on('remove', (client) => this.#clients.delete(client));
    pool.on('error', () => {}); // of an idle connection, which is removed
    return pool;
  }

  #connect(call: Call): void {
    const { endpoints } = this.#options;
    const endpoint = endpoints.current;
    this.#waiting.add(call);
    call.tried++;
    this.#pools[call.statement.kind].connect((error, client, release) => {
      if (client === undefined) this.#notConnected(call, endpoint, error);
      else if (this.#waiting.delete(call)) this.#send(call, client, release);
      else release(); // its time was up
    });
  }

  #notConnected(call: Call, endpoint: Endpoint, error: unknown): void {
    if (!this.#waiting.delete(call)) return;
    const { current } = this.#options.endpoints;
    const hasNoTls = current.onlyWithoutTls && isWithoutTls(error);
    if (hasNoTls) call.tried--; // it is the same server, and the answer no failure
    if ((hasNoTls || current !== endpoint) && this.#mayTryNext(call)) this.#connect(call);
    else this.#settle(call, () => call.reject(translate(error)));
  }

  #mayTryNext(call: Call): boolean {
    return this.#closing === undefined && call.tried < this.#options.endpoints.count;
  }

  #send(call: Call, client: PgClient, release: Release): void {
    let query: PgQuery;
    try {
      query = this.#queryOf(call);
    } catch (error) {
      release();
      this.#settle(call, () => call.reject(error)); // a bug in what made the values
      return;
    }
    call.connection = { client, release };
    client.query(query, (error, result) => this.#answered(call, error, result));
  }

  #queryOf({ statement: { text, name }, values }: Call): PgQuery {
    const prepared = this.#options.prepare && name !== undefined ? { name } : {};
    return { text, values: values(), rowMode: 'array', ...prepared };
  }

  #answered(call: Call, error: Error | null, result: PgResult | readonly PgResult[]): void {
    const { connection } = call;
    if (connection === undefined) return; // given up
    call.connection = undefined;
    if (error !== null && error !== undefined) return this.#failed(call, connection, error, isNotPrimary(error));
    const rows = rowsOf(result);
    try {
      call.statement.check?.(rows);
    } catch (unfit) {
      return this.#failed(call, connection, unfit, true);
    }
    connection.release();
    this.#settle(call, () => call.resolve(rows));
  }

  #failed(call: Call, { client, release }: Connection, error: unknown, isUnfit: boolean): void {
    const { endpoints } = this.#options;
    if (leavesConnectionUsable(error)) release();
    else {
      hangUp(client, release);
      this.#closeIdle();
    }
    if (isUnfit) endpoints.notPrimary(client.endpoint);
    if (isUnfit && client.endpoint !== endpoints.current && this.#mayTryNext(call)) this.#connect(call);
    else this.#settle(call, () => call.reject(translate(error)));
  }

  #timeOut(call: Call, timeoutMs: number): void {
    const late = new CodedError('unavailable', `PostgreSQL: no answer within ${timeoutMs} ms`);
    const { connection } = call;
    call.connection = undefined;
    if (!this.#waiting.delete(call) && connection !== undefined) {
      hangUp(connection.client, connection.release);
      this.#closeIdle();
    }
    this.#settle(call, () => call.reject(late));
  }

  #settle(call: Call, settle: () => void): void {
    call.cancelTimer();
    settle();
  }

  /** Kept, each would cost the next caller a time-out or a stale answer of its own. */
  #closeIdle(): void {
    for (const pool of new Set(Object.values(this.#pools))) {
      for (let left = this.#closing === undefined ? pool.idleCount : 0; left > 0; left--) {
        pool.connect((_error, client, release) => {
          if (client !== undefined) hangUp(client, release);
        });
      }
    }
  }

  async #close(): Promise<void> {
    for (const call of this.#waiting) this.#settle(call, () => call.reject(closedError()));
    this.#waiting.clear();
    // Resolves when no connection has a call any more; the last goodbyes may still be on their way.
    await Promise.all([...new Set(Object.values(this.#pools))].map((pool) => pool.end()));
    await Promise.all([...this.#clients].map((client) => endClient(client, this.#options.clock)));
  }
}

function hangUp(client: PgClient, release: Release): void {
  client.connection.stream.destroy();
  release(true);
}

function rowsOf(result: PgResult | readonly PgResult[]): readonly Row[] {
  return 'rows' in result ? result.rows : (result.findLast(({ rows }) => rows.length > 0)?.rows ?? []);
}

function closedError(): CodedError {
  return new CodedError('closed', 'the store is closed');
}
