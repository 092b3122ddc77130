import { setImmediate as turn } from 'node:timers/promises';
import { expect } from 'chai';
import { codeOf, type ErrorCode } from '@product-updates/errors';
import type { Clock } from '@product-updates/queue';
import { type CallKind, Pool } from '../src/pool.ts';
import { createFakeClient, type FakeClient } from './fake-client.ts';
import { serverError } from './native-errors.ts';

/** Time that stands still until a test lets it pass. */
function createManualClock(): Clock & { pass(ms: number): void; readonly timers: number } {
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

function setUp({ max = 4, prepare = true, hears = true } = {}) {
  const clients: FakeClient[] = [];
  const clock = createManualClock();
  const create = (): FakeClient => {
    const client = createFakeClient({ hears });
    clients.push(client);
    return client;
  };
  const pool = new Pool({ create, max, timeoutMs: 100, prepare, clock });
  const ask = (kind: CallKind, text: string = kind, timeoutMs?: number) =>
    outcome(pool.query({ kind, text, name: text, ...(timeoutMs !== undefined && { timeoutMs }) }));
  return { pool, clients, clock, ask };
}

interface Outcome {
  rows?: readonly unknown[];
  error?: unknown;
}

/** Filled in when the promise settles. */
function outcome(promise: Promise<readonly unknown[]>): Outcome {
  const seen: Outcome = {};
  promise.then(
    (rows) => (seen.rows = rows),
    (error: unknown) => (seen.error = error),
  );
  return seen;
}

function expectCode({ error }: Outcome, code: ErrorCode): void {
  expect(codeOf(error), String(error)).to.equal(code);
}

const texts = (clients: readonly FakeClient[]): string[] =>
  clients.flatMap(({ queries }) => queries.map(({ text }) => text));

describe('Pool', () => {
  it('opens a connection when it is needed, and uses it again', async () => {
    const { clients, clock, ask } = setUp();
    const first = ask('read', 'one');
    clients[0]!.connected();
    clients[0]!.answer({ rows: [['1']] });
    await turn();
    expect(first.rows).to.deep.equal([['1']]);
    ask('read', 'two');
    expect(clients).to.have.length(1);
    expect(texts(clients)).to.deep.equal(['one', 'two']);
    clients[0]!.answer();
    expect(clock.timers, 'timers left').to.equal(0);
  });

  it('opens no more than it may, and starts what waits in order', () => {
    const { clients, ask } = setUp({ max: 3 });
    for (const text of ['a', 'b', 'c', 'd']) ask('read', text);
    expect(clients, 'a connection is left for writers').to.have.length(2);
    ask('write', 'w');
    ask('read', 'e');
    expect(clients).to.have.length(3);
    for (const client of clients) client.connected();
    clients[0]!.answer();
    clients[1]!.answer();
    expect(texts(clients)).to.deep.equal(['a', 'c', 'b', 'd', 'w']);
  });

  it('keeps connections free for reads, however many writes wait', () => {
    const { clients, ask } = setUp({ max: 4 });
    for (let i = 0; i < 10; i++) ask('write');
    expect(clients).to.have.length(2);
    ask('get');
    ask('read');
    expect(clients).to.have.length(4);
  });

  it('makes do with one connection', () => {
    const { clients, ask } = setUp({ max: 1 });
    for (const kind of ['write', 'read', 'get', 'write'] as const) ask(kind);
    expect(clients).to.have.length(1);
    clients[0]!.connected();
    for (let i = 0; i < 3; i++) clients[0]!.answer();
    expect(texts(clients)).to.deep.equal(['write', 'read', 'get', 'write']);
  });

  it('rejects all in time: who waits, who connects and who asked; and hangs up on all that is suspect', async () => {
    const { clients, clock, ask } = setUp({ max: 3 });
    const idle = ask('read', 'idle');
    const asked = ask('read', 'asked');
    clients[0]!.connected();
    clients[1]!.connected();
    clients[0]!.answer();
    await turn();
    expect(idle.rows).to.deep.equal([]);
    clock.pass(1);
    const long = ask('write', 'long', 1000);
    ask('read', 'connects');
    expect(clients).to.have.length(3);
    const waits = ask('write', 'waits');
    clock.pass(99);
    await turn();
    expectCode(asked, 'unavailable');
    expect(clients[1]!.isDestroyed).to.equal(true);
    clock.pass(1);
    await turn();
    expectCode(waits, 'unavailable');
    expect(long, 'has more time').to.deep.equal({});
    expect(clients[2]!.isDestroyed, 'never connected').to.equal(true);
  });

  it('gives the answer that comes too late to nobody', async () => {
    const { clients, clock, ask } = setUp({ max: 1 });
    const late = ask('read', 'late');
    clients[0]!.connected();
    clock.pass(100);
    const next = ask('read', 'next');
    clients[1]!.connected();
    clients[0]!.answer({ rows: [['late']] });
    clients[1]!.answer({ rows: [['next']] });
    await turn();
    expectCode(late, 'unavailable');
    expect(next.rows).to.deep.equal([['next']]);
  });

  it('keeps the connection after an error of the statement, and gives it up after one of its own', async () => {
    const { clients, ask } = setUp({ max: 1 });
    const outcomes: Outcome[] = [];
    for (const state of ['22003', '40P01', '57P01']) {
      outcomes.push(ask('write'));
      if (outcomes.length === 1) clients[0]!.connected();
      clients[0]!.fail(serverError(state));
    }
    await turn();
    expect(outcomes.map(({ error }) => codeOf(error))).to.deep.equal(['invalid', 'unavailable', 'unavailable']);
    expect(clients[0]!.isDestroyed).to.equal(true);
    ask('write');
    expect(clients).to.have.length(2);
  });

  it('goes on when an idle connection is lost, or ends', () => {
    const { clients, ask } = setUp({ max: 2 });
    for (const lose of [
      (client: FakeClient) => client.emitError(new Error('reset')),
      (client: FakeClient) => client.emitEnd(),
    ]) {
      ask('read');
      const client = clients.at(-1)!;
      client.connected();
      client.answer();
      lose(client);
      expect(client.isDestroyed).to.equal(true);
    }
    ask('read');
    expect(clients).to.have.length(3);
  });

  it('rejects who waits for a connection that cannot be made, and tries anew for the next', async () => {
    const { clients, ask } = setUp({ max: 1 });
    const first = ask('read');
    const second = ask('read');
    const refused = Object.assign(new Error('connect ECONNREFUSED'), { code: 'ECONNREFUSED' });
    clients[0]!.connected(refused);
    clients[1]!.connected();
    clients[1]!.answer();
    await turn();
    expectCode(first, 'unavailable');
    expect(second.rows).to.deep.equal([]);
  });

  it('names no statement where it must not prepare', () => {
    for (const prepare of [true, false]) {
      const { clients, ask } = setUp({ prepare });
      ask('read', 'x');
      clients[0]!.connected();
      expect(clients[0]!.queries[0]!.name).to.equal(prepare ? 'x' : undefined);
    }
  });

  it('answers the rows of several results, and passes on a bug in the values', async () => {
    const { pool, clients, ask } = setUp({ max: 1 });
    const several = ask('read');
    clients[0]!.connected();
    clients[0]!.answer([{ rows: [] }, { rows: [['7']] }, { rows: [] }]);
    const none = ask('read');
    clients[0]!.answer([{ rows: [] }]);
    const bug = new TypeError('x is not a function');
    const faulty = outcome(
      pool.query({ kind: 'read', text: '' }, () => {
        throw bug;
      }),
    );
    await turn();
    expect(several.rows).to.deep.equal([['7']]);
    expect(none.rows).to.deep.equal([]);
    expect(faulty.error).to.equal(bug);
    ask('read');
    expect(clients, 'the connection is as good as before').to.have.length(1);
  });

  it('closes: who waits is told, who asked is answered, then the server', async () => {
    const { pool, clients, clock, ask } = setUp({ max: 1 });
    const under = ask('read');
    const waiting = ask('read');
    clients[0]!.connected();
    let closed = 0;
    for (let i = 0; i < 2; i++) void pool[Symbol.asyncDispose]().then(() => closed++);
    await turn();
    expectCode(waiting, 'closed');
    expectCode(await settled(ask('read')), 'closed');
    expect(closed).to.equal(0);
    clients[0]!.answer();
    await turn();
    expect(under.rows).to.deep.equal([]);
    expect(closed).to.equal(2);
    expect(clock.timers).to.equal(0);
  });

  it('hangs up on a server that does not hear the goodbye', async () => {
    const { pool, clients, clock, ask } = setUp({ hears: false });
    ask('read');
    clients[0]!.connected();
    clients[0]!.answer();
    let closed = false;
    void pool[Symbol.asyncDispose]().then(() => (closed = true));
    await turn();
    expect(closed).to.equal(false);
    clock.pass(1000);
    await turn();
    expect(closed).to.equal(true);
    expect(clients[0]!.isDestroyed).to.equal(true);
  });
});

async function settled(seen: Outcome): Promise<Outcome> {
  await turn();
  return seen;
}
