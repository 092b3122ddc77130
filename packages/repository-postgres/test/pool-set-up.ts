import { setImmediate as turn } from 'node:timers/promises';
import { expect } from 'chai';
import { codeOf, type ErrorCode } from '@product-updates/errors';
import type { Clock } from '@product-updates/queue';
import { type CallKind, Pool, type Statement } from '../src/pool.ts';
import { type Endpoint, Endpoints } from '../src/endpoints.ts';
import { createFakePool, type FakeClient } from './fake-client.ts';

/** Time that stands still until a test lets it pass. */
export function createManualClock(): Clock & { pass(ms: number): void; readonly timers: number } {
  const due = new Map<() => void, number>();
  let now = 0;
  return {
    now: () => now,
    schedule(delayMs, run) {
      due.set(run, now + delayMs);
      return () => due.delete(run);
    },
    pass(ms) {
      now += ms;
      for (const [run, at] of due) {
        if (at <= now && due.delete(run)) run();
      }
    },
    get timers() {
      return due.size;
    },
  };
}

export const endpoint = (host: string, more: Partial<Endpoint> = {}): Endpoint => ({
  host,
  port: 5432,
  ssl: false,
  onlyWithoutTls: false,
  ...more,
});

export interface SetUp {
  readonly max?: number;
  readonly prepare?: boolean;
  readonly hears?: boolean;
  readonly at?: readonly [Endpoint, ...Endpoint[]];
}

export interface Tested {
  readonly pool: Pool;
  readonly clients: readonly FakeClient[];
  readonly clock: ReturnType<typeof createManualClock>;
  readonly ask: (kind: CallKind, text?: string, more?: Partial<Statement>) => Promise<Outcome>;
}

export function setUp({ max = 4, prepare = true, hears = true, at = [endpoint('db')] }: SetUp = {}): Tested {
  const clients: FakeClient[] = [];
  const clock = createManualClock();
  const endpoints = new Endpoints(at);
  const create = (size: number) => createFakePool(clients, { endpoints, max: size, hears });
  const pool = new Pool({ create, endpoints, max, timeoutMs: 100, prepare, clock });
  /** pg.Pool gives an idle connection in the next tick. */
  const ask = async (kind: CallKind, text: string = kind, more: Partial<Statement> = {}) => {
    const seen = outcome(pool.query({ kind, text, name: text, ...more }));
    await turn();
    return seen;
  };
  return { pool, clients, clock, ask };
}

export interface Outcome {
  rows?: readonly unknown[];
  error?: unknown;
}

/** Filled in when the promise settles. */
export function outcome(promise: Promise<readonly unknown[]>): Outcome {
  const seen: Outcome = {};
  promise.then(
    (rows) => (seen.rows = rows),
    (error: unknown) => (seen.error = error),
  );
  return seen;
}

export function expectCode({ error }: Outcome, code: ErrorCode): void {
  expect(codeOf(error), String(error)).to.equal(code);
}

export const texts = (clients: readonly FakeClient[]): string[] =>
  clients.flatMap(({ queries }) => queries.map(({ text }) => text));

export const noTls: Error = new Error('The server does not support SSL connections');
export const refused: Error = Object.assign(new Error('connect ECONNREFUSED'), { code: 'ECONNREFUSED' });

/** What became of a call when so much time has passed. */
export async function passing(
  clock: { pass(ms: number): void },
  ms: number,
  asked: Promise<Outcome>,
): Promise<Outcome> {
  const seen = await asked;
  clock.pass(ms);
  await turn();
  return seen;
}
