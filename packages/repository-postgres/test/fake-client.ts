import type { PgClient, PgQuery, PgResult } from '../src/client.ts';

/** A connection that does what a test says, when it says so. */
export interface FakeClient extends PgClient {
  /** The statements that it was given, in order. */
  readonly queries: readonly PgQuery[];
  readonly isDestroyed: boolean;
  connected(error?: Error): void;
  answer(result?: PgResult | readonly PgResult[]): void;
  fail(error: Error): void;
  /** The events of `pg`. */
  emitError(error: Error): void;
  emitEnd(): void;
}

/** `hears`: whether it ends when it is told to. */
export function createFakeClient({ hears = true }: { readonly hears?: boolean } = {}): FakeClient {
  const queries: PgQuery[] = [];
  const listeners = { error: (_error: Error): void => {}, end: (): void => {} };
  let onConnected: (error?: Error | null) => void = () => {};
  let onAnswer: ((error: Error | null, result: PgResult | readonly PgResult[]) => void)[] = [];
  let destroyed = false;

  return {
    queries,
    get isDestroyed() {
      return destroyed;
    },
    connect: (callback) => {
      onConnected = callback;
    },
    query: (query, callback) => {
      queries.push(query);
      onAnswer.push(callback);
    },
    end: (callback) => {
      if (hears) callback();
    },
    on: (event: 'error' | 'end', listener: (error: Error) => void) => {
      listeners[event] = listener as () => void;
    },
    connection: { stream: { destroy: () => (destroyed = true) } },
    connected: (error) => onConnected(error),
    answer: (result = { rows: [] }) => onAnswer.shift()?.(null, result),
    fail: (error) => onAnswer.shift()?.(error, { rows: [] }),
    emitError: (error) => {
      listeners.error(error);
      for (const answer of onAnswer) answer(error, { rows: [] });
      onAnswer = [];
    },
    emitEnd: () => listeners.end(),
  };
}
