import { setImmediate as turn } from 'node:timers/promises';
import { expect } from 'chai';
import { CodedError, codeOf } from '@product-updates/errors';
import { serverError } from './native-errors.ts';
import { type Outcome, expectCode, outcome, passing, refused, setUp, texts } from './pool-set-up.ts';

describe('Pool', () => {
  it('opens a connection when it is needed, and uses it again', async () => {
    const { clients, clock, ask } = setUp();
    const first = await ask('read', 'one');
    clients[0]!.connected();
    clients[0]!.answer({ rows: [['1']] });
    await turn();
    expect(first.rows).to.deep.equal([['1']]);
    await ask('read', 'two');
    expect(clients).to.have.length(1);
    expect(texts(clients)).to.deep.equal(['one', 'two']);
    clients[0]!.answer();
    expect(clock.timers, 'timers left').to.equal(0);
  });

  it('keeps connections free for reads, however many writes wait, and starts what waits in order', async () => {
    const { clients, ask } = setUp({ max: 4 });
    for (const text of ['a', 'b', 'c', 'd']) await ask('write', text);
    expect(clients).to.have.length(2);
    for (let i = 0; i < 10; i++) await ask('read');
    expect(clients).to.have.length(4);
    for (const client of clients.slice(0, 2)) client.connected();
    clients[0]!.answer();
    clients[1]!.answer();
    expect(texts(clients)).to.deep.equal(['a', 'c', 'b', 'd']);
  });

  it('makes do with one connection', async () => {
    const { clients, ask } = setUp({ max: 1 });
    for (const kind of ['write', 'read', 'write'] as const) await ask(kind);
    expect(clients).to.have.length(1);
    clients[0]!.connected();
    for (let i = 0; i < 2; i++) clients[0]!.answer();
    expect(texts(clients)).to.deep.equal(['write', 'read', 'write']);
  });

  it('rejects all in time: who waits, who connects and who asked; and hangs up on all that is suspect', async () => {
    const { clients, clock, ask } = setUp({ max: 4 });
    const idle = await ask('read', 'idle');
    const asked = await ask('write', 'asked');
    clients[0]!.connected();
    clients[1]!.connected();
    clients[0]!.answer();
    await turn();
    expect(idle.rows).to.deep.equal([]);
    const long = await ask('write', 'long', { timeoutMs: 1000 });
    clock.pass(1);
    const waits = await ask('write', 'waits');
    clock.pass(99);
    await turn();
    expectCode(asked, 'unavailable');
    expect(clients[1]!.isDestroyed, 'did not answer').to.equal(true);
    expect(clients[0]!.isDestroyed, 'the idle one goes to the same server').to.equal(true);
    clock.pass(1);
    await turn();
    expectCode(waits, 'unavailable');
    expect(long, 'has more time').to.deep.equal({});
  });

  it('gives the answer that comes too late to nobody', async () => {
    const { clients, clock, ask } = setUp({ max: 1 });
    const late = await ask('read', 'late');
    clients[0]!.connected();
    clock.pass(100);
    const next = await ask('read', 'next');
    clients[1]!.connected();
    clients[0]!.answer({ rows: [['late']] });
    clients[1]!.answer({ rows: [['next']] });
    await turn();
    expectCode(late, 'unavailable');
    expect(next.rows).to.deep.equal([['next']]);
  });

  it('keeps the connection that was made when the time was up', async () => {
    const { clients, clock, ask } = setUp({ max: 1 });
    expectCode(await passing(clock, 100, ask('read')), 'unavailable');
    clients[0]!.connected();
    await ask('read', 'next');
    expect(texts(clients)).to.deep.equal(['next']);
    expect(clients).to.have.length(1);
  });

  it('keeps the connection after an error of the statement', async () => {
    const { clients, ask } = setUp({ max: 1 });
    const outcomes: Outcome[] = [];
    for (const state of ['22003', '40P01', '55P03', '57014']) {
      outcomes.push(await ask('write'));
      if (outcomes.length === 1) clients[0]!.connected();
      clients[0]!.fail(serverError(state));
    }
    await turn();
    const codes = outcomes.map(({ error }) => codeOf(error));
    expect(codes).to.deep.equal(['invalid', 'unavailable', 'unavailable', 'unavailable']);
    expect(clients).to.have.length(1);
    expect(clients[0]!.isDestroyed).to.equal(false);
  });

  for (const state of ['57P01', '25006', '55000', '25P02']) {
    it(`closes a connection that answered ${state}, and the idle ones`, async () => {
      const { clients, ask } = setUp({ max: 4 });
      await ask('read');
      const write = await ask('write');
      for (const client of clients) client.connected();
      clients[0]!.answer();
      clients[1]!.fail(serverError(state));
      await turn();
      expectCode(write, 'unavailable');
      expect(clients.map(({ isDestroyed }) => isDestroyed)).to.deep.equal([true, true]);
      await ask('read');
      await ask('write');
      expect(clients, 'new ones').to.have.length(4);
    });
  }

  it('closes a connection whose answer shows that it is unfit', async () => {
    const { clients, ask } = setUp({ max: 1 });
    const unfit = new CodedError('unavailable', 'a standby');
    const check = (rows: readonly unknown[]): void => {
      if (rows.length > 0) throw unfit;
    };
    const first = await ask('write', 'x', { check });
    clients[0]!.connected();
    clients[0]!.answer({ rows: [['t']] });
    await turn();
    expect(first.error).to.equal(unfit);
    expect(clients[0]!.isDestroyed).to.equal(true);
    const second = await ask('write', 'x', { check });
    clients[1]!.connected();
    clients[1]!.answer();
    await turn();
    expect(second.rows).to.deep.equal([]);
  });

  it('goes on when an idle connection is lost', async () => {
    const { clients, ask } = setUp({ max: 2 });
    await ask('read');
    clients[0]!.connected();
    clients[0]!.answer();
    clients[0]!.emit('error', new Error('reset'));
    await ask('read');
    expect(clients).to.have.length(2);
  });

  it('rejects who waits for a connection that cannot be made, and tries anew for the next', async () => {
    const { clients, ask } = setUp({ max: 1 });
    const first = await ask('read');
    const second = await ask('read');
    clients[0]!.connected(refused);
    clients[1]!.connected();
    clients[1]!.answer();
    await turn();
    expectCode(first, 'unavailable');
    expect(second.rows).to.deep.equal([]);
  });

  it('names no statement where it must not prepare', async () => {
    for (const prepare of [true, false]) {
      const { clients, ask } = setUp({ prepare });
      await ask('read', 'x');
      clients[0]!.connected();
      expect(clients[0]!.queries[0]!.name).to.equal(prepare ? 'x' : undefined);
    }
  });

  it('answers the rows of several results, and passes on a bug in the values', async () => {
    const { pool, clients, ask } = setUp({ max: 1 });
    const several = await ask('read');
    clients[0]!.connected();
    clients[0]!.answer([{ rows: [] }, { rows: [['7']] }, { rows: [] }]);
    await ask('read');
    clients[0]!.answer([{ rows: [] }]);
    const bug = new TypeError('x is not a function');
    const faulty = outcome(
      pool.query({ kind: 'read', text: '' }, () => {
        throw bug;
      }),
    );
    await turn();
    expect(several.rows).to.deep.equal([['7']]);
    expect(faulty.error).to.equal(bug);
    await ask('read');
    expect(clients, 'the connection is as good as before').to.have.length(1);
  });

  it('closes: who waits is told, who asked is answered, then the server', async () => {
    const { pool, clients, clock, ask } = setUp({ max: 1 });
    const under = await ask('read');
    const waiting = await ask('read');
    clients[0]!.connected();
    let closed = 0;
    for (let i = 0; i < 2; i++) void pool[Symbol.asyncDispose]().then(() => closed++);
    await turn();
    expectCode(waiting, 'closed');
    expectCode(await ask('read'), 'closed');
    expect(closed).to.equal(0);
    clients[0]!.answer();
    await turn();
    expect(under.rows).to.deep.equal([]);
    expect(closed).to.equal(2);
    expect(clock.timers).to.equal(0);
  });

  it('hangs up on a server that does not hear the goodbye', async () => {
    const { pool, clients, clock, ask } = setUp({ hears: false });
    await ask('read');
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
