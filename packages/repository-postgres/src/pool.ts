import { CodedError } from '@product-updates/errors';
import type { Clock } from '@product-updates/queue';
import { endClient, type PgClient, type PgQuery, type PgResult, type PgValue, type Row } from './client.ts';
import { leavesConnectionUsable, translate } from './errors.ts';

/** What a call is for; each kind may have so many connections at once, so that none can lock out the others. */
export type CallKind = 'write' | 'read' | 'get';
const kinds: readonly CallKind[] = ['write', 'read', 'get'];

export interface Statement {
  readonly kind: CallKind;
  readonly text: string;
  /** Prepared once a connection, where the pool prepares. */
  readonly name?: string;
  /** In ms, in place of the pool's. */
  readonly timeoutMs?: number;
}

export interface PoolOptions {
  readonly create: () => PgClient;
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
  readonly order: number;
  cancelTimer: () => void;
  connection: Connection | undefined;
}

interface Connection {
  readonly client: PgClient;
  ready: boolean;
  /** Whom it works for. */
  call: Call | undefined;
}

/**
 * What the server is told, in ms. A little less than we wait: then it is the server that ends a statement which waits for
 * a lock, and the connection lives on.
 */
export function statementTimeoutMs(timeoutMs: number): number {
  return Math.ceil(timeoutMs * 0.9);
}

/**
 * A bounded set of connections, opened when they are needed. pg's own pool cannot take a waiting call back, nor keep
 * connections free for readers, nor give one deadline to waiting, connecting and the statement.
 *
 * Every call settles within its time-out; the connection of one that did not is destroyed, never used again.
 * It never tries again by itself: the pipeline does. Invariant: a call waits, or has a connection, or is settled.
 */
export class Pool implements AsyncDisposable {
  readonly #options: PoolOptions;
  readonly #most: Readonly<Record<CallKind, number>>;
  readonly #connections = new Set<Connection>();
  readonly #idle: Connection[] = [];
  readonly #waiting: Readonly<Record<CallKind, Set<Call>>> = { write: new Set(), read: new Set(), get: new Set() };
  readonly #busy: Record<CallKind, number> = { write: 0, read: 0, get: 0 };
  #lastOrder = 0;
  #closing: Promise<void> | undefined;
  #onQuiet: (() => void) | undefined;

  constructor(options: PoolOptions) {
    this.#options = options;
    const { max } = options;
    this.#most = { write: Math.max(1, max - 2), read: Math.max(1, max - 1), get: Math.min(2, max) };
  }

  /** The rows, of the last result that has any. `values` is called once, when the statement is sent. */
  query(statement: Statement, values: () => readonly PgValue[] = () => []): Promise<readonly Row[]> {
    if (this.#closing !== undefined) return Promise.reject(closedError());
    return new Promise((resolve, reject) => {
      const order = ++this.#lastOrder;
      const call: Call = { statement, values, resolve, reject, order, cancelTimer: () => {}, connection: undefined };
      const timeoutMs = statement.timeoutMs ?? this.#options.timeoutMs;
      call.cancelTimer = this.#options.clock.schedule(timeoutMs, () => this.#timeOut(call, timeoutMs));
      this.#waiting[statement.kind].add(call);
      this.#startWaiting();
    });
  }

  /** What waits is rejected `closed`; what is under way may end, within its time-out. */
  [Symbol.asyncDispose](): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  #startWaiting(): void {
    for (let call = this.#next(); call !== undefined; call = this.#next()) {
      this.#waiting[call.statement.kind].delete(call);
      this.#busy[call.statement.kind]++;
      const connection = this.#idle.pop() ?? this.#open();
      connection.call = call;
      call.connection = connection;
      if (connection.ready) this.#send(connection, call);
    }
  }

  /** The call that has waited longest, of those that may start now. */
  #next(): Call | undefined {
    if (this.#idle.length === 0 && this.#connections.size >= this.#options.max) return undefined;
    let oldest: Call | undefined;
    for (const kind of kinds) {
      if (this.#busy[kind] >= this.#most[kind]) continue;
      const [first] = this.#waiting[kind];
      if (first !== undefined && (oldest === undefined || first.order < oldest.order)) oldest = first;
    }
    return oldest;
  }

  #open(): Connection {
    const client = this.#options.create();
    const connection: Connection = { client, ready: false, call: undefined };
    this.#connections.add(connection);
    client.on('error', (error) => this.#lost(connection, error));
    client.on('end', () => this.#lost(connection, new Error('Connection terminated')));
    client.connect((error) => {
      if (error !== undefined && error !== null) {
        this.#lost(connection, error);
        return;
      }
      connection.ready = true;
      if (connection.call !== undefined) this.#send(connection, connection.call);
    });
    return connection;
  }

  #send(connection: Connection, call: Call): void {
    let query: PgQuery;
    try {
      query = this.#queryOf(call);
    } catch (error) {
      this.#release(connection);
      this.#settle(call, () => call.reject(error)); // a bug in what made the values
      return;
    }
    connection.client.query(query, (error, result) => this.#answered(connection, call, error, result));
  }

  #queryOf({ statement: { text, name }, values }: Call): PgQuery {
    const prepared = this.#options.prepare && name !== undefined ? { name } : {};
    return { text, values: values(), rowMode: 'array', ...prepared };
  }

  #answered(connection: Connection, call: Call, error: Error | null, result: PgResult | readonly PgResult[]): void {
    if (connection.call !== call) return; // settled by its time-out, or lost
    if (error === null || error === undefined) {
      this.#release(connection);
      this.#settle(call, () => call.resolve(rowsOf(result)));
    } else if (leavesConnectionUsable(error)) {
      this.#release(connection);
      this.#settle(call, () => call.reject(translate(error)));
    } else this.#lost(connection, error);
  }

  #release(connection: Connection): void {
    connection.call = undefined;
    this.#idle.push(connection);
  }

  #timeOut(call: Call, timeoutMs: number): void {
    const late = new CodedError('unavailable', `PostgreSQL: no answer within ${timeoutMs} ms`);
    if (this.#waiting[call.statement.kind].delete(call)) {
      call.reject(late);
      return;
    }
    // The idle ones go the same way to the same server. Kept, each would cost the next caller a time-out of its own.
    for (const idle of this.#idle.slice()) this.#lost(idle, late);
    if (call.connection !== undefined) this.#lost(call.connection, late);
  }

  /** Hangs up. Called for a connection that is gone already, it does nothing. */
  #lost(connection: Connection, error: unknown): void {
    if (!this.#connections.delete(connection)) return;
    const at = this.#idle.indexOf(connection);
    if (at !== -1) this.#idle.splice(at, 1);
    connection.client.connection.stream.destroy();
    const { call } = connection;
    connection.call = undefined;
    if (call !== undefined) this.#settle(call, () => call.reject(translate(error)));
    else this.#startWaiting();
  }

  #settle(call: Call, settle: () => void): void {
    call.cancelTimer();
    call.connection = undefined;
    this.#busy[call.statement.kind]--;
    settle();
    this.#startWaiting();
    if (this.#isQuiet) this.#onQuiet?.();
  }

  get #isQuiet(): boolean {
    return kinds.every((kind) => this.#busy[kind] === 0);
  }

  async #close(): Promise<void> {
    for (const kind of kinds) {
      for (const call of this.#waiting[kind]) {
        call.cancelTimer();
        call.reject(closedError());
      }
      this.#waiting[kind].clear();
    }
    if (!this.#isQuiet) {
      await new Promise<void>((resolve) => {
        this.#onQuiet = resolve;
      });
    }
    await Promise.all([...this.#connections].map(({ client }) => endClient(client, this.#options.clock)));
  }
}

function rowsOf(result: PgResult | readonly PgResult[]): readonly Row[] {
  return 'rows' in result ? result.rows : (result.findLast(({ rows }) => rows.length > 0)?.rows ?? []);
}

function closedError(): CodedError {
  return new CodedError('closed', 'the store is closed');
}
