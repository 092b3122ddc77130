import { EventEmitter } from 'node:events';
import pg from 'pg';
import type { PgPool, PgQuery, PgResult } from '../src/client.ts';
import type { Endpoint, Endpoints } from '../src/endpoints.ts';

/** A connection that does what a test says, when it says so. */
export class FakeClient extends EventEmitter {
  readonly endpoint: Endpoint;
  /** The statements that it was given, in order. */
  readonly queries: PgQuery[] = [];
  isDestroyed = false;
  readonly connection = { stream: { destroy: (): unknown => (this.isDestroyed = true) } };
  // What pg.Pool looks at.
  readonly _queryable = true;
  _ending = false;

  readonly #hears: boolean;
  #onConnected: (error?: Error | null) => void = () => {};
  readonly #onAnswer: ((error: Error | null, result: PgResult | readonly PgResult[]) => void)[] = [];

  constructor(endpoint: Endpoint, hears: boolean) {
    super();
    this.endpoint = endpoint;
    this.#hears = hears;
  }

  connect(callback: (error?: Error | null) => void): void {
    this.#onConnected = callback;
  }

  query(query: PgQuery, callback: (error: Error | null, result: PgResult | readonly PgResult[]) => void): void {
    this.queries.push(query);
    this.#onAnswer.push(callback);
  }

  end(callback: () => void): void {
    this._ending = true;
    if (this.#hears || this.isDestroyed) callback();
  }

  connected(error: Error | null = null): void {
    this.#onConnected(error);
  }

  answer(result: PgResult | readonly PgResult[] = { rows: [] }): void {
    this.#onAnswer.shift()?.(null, result);
  }

  fail(error: Error): void {
    this.#onAnswer.shift()?.(error, { rows: [] });
  }
}

/** `pg.Pool` itself, over fake clients. `hears`: whether they end when they are told to. */
export function createFakePool(
  clients: FakeClient[],
  { endpoints, max, hears }: { readonly endpoints: Endpoints; readonly max: number; readonly hears: boolean },
): PgPool {
  class Client extends FakeClient {
    constructor() {
      super(endpoints.current, hears);
      clients.push(this);
    }
    override connect(callback: (error?: Error | null) => void): void {
      super.connect((error) => {
        if (error !== null && error !== undefined) endpoints.failed(this.endpoint, error);
        callback(error);
      });
    }
  }
  return new pg.Pool({ Client: Client as never, max, idleTimeoutMillis: 0 }) as unknown as PgPool;
}
