import { expect } from 'chai';
import { DisconnectsClientError } from '@redis/client';
import { CodedError, codeOf, describe as tell } from '@product-updates/errors';
import type { Clock } from '@product-updates/queue';
import type { Reply } from '../src/client.ts';
import { openConnection } from '../src/connection.ts';
import type { Link, Wire } from '../src/link.ts';
import { codeFrom, errorFrom } from './observe.ts';

/** A clock that a test moves. */
class OwnClock implements Clock {
  nowMs = 0;
  readonly waits: { readonly delayMs: number; readonly run: () => void }[] = [];
  now(): number {
    return this.nowMs;
  }
  schedule(delayMs: number, run: () => void): () => void {
    const wait = { delayMs, run };
    this.waits.push(wait);
    return () => {
      if (this.waits.includes(wait)) this.waits.splice(this.waits.indexOf(wait), 1);
    };
  }
  /** Lets the only one that waits run. */
  async pass(): Promise<number> {
    const [wait] = this.waits.splice(0, 1);
    if (wait === undefined || this.waits.length > 0) throw new Error('not exactly one waits');
    wait.run();
    await turn();
    return wait.delayMs;
  }
}

/** A link whose end the test decides. */
interface OwnLink extends Link {
  readonly broken: (error: unknown) => void;
  destroyed: number;
}

function links(connect: (at: number, link: OwnLink) => Promise<void> = async () => {}): {
  readonly made: OwnLink[];
  readonly create: (onBroken: (error: unknown) => void) => Link;
} {
  const made: OwnLink[] = [];
  const createWire = (): Wire => ({
    send: async (): Promise<Reply> => 'OK',
    sendToAll: async (): Promise<readonly Reply[]> => ['OK'],
  });
  return {
    made,
    create(broken) {
      const at = made.length;
      const link: OwnLink = {
        reads: createWire(),
        writes: createWire(),
        broken,
        destroyed: 0,
        connect: () => connect(at, link),
        destroy: () => void (link.destroyed += 1),
      };
      made.push(link);
      return link;
    },
  };
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
const timeoutMs = 100;
const prepare = async (): Promise<void> => {};
const checkAgain = prepare;

describe('the lasting connection', () => {
  it('gives a link up with the call that got no answer in time, and makes another', async () => {
    const clock = new OwnClock();
    const { made, create } = links();
    const connection = await openConnection({ create, prepare, checkAgain, timeoutMs, clock });
    const late = codeFrom(connection.read(() => new Promise(() => {})));
    expect(await clock.pass()).to.equal(timeoutMs);
    expect(await late).to.equal('unavailable');
    expect(made[0]?.destroyed).to.equal(1);
    expect(await codeFrom(connection.read(async () => {})), 'nothing waits for a connection').to.equal('unavailable');
    await clock.pass();
    expect(await connection.read((wire) => wire.send('', []))).to.equal('OK');
    await connection[Symbol.asyncDispose]();
    expect(made.map(({ destroyed }) => destroyed)).to.deep.equal([1, 1]);
  });

  it('pauses longer and longer between the tries, never above a second, and tells each caller why', async () => {
    const clock = new OwnClock();
    const refused = new CodedError('misconfigured', 'no such user');
    const { made, create } = links(async (at) => {
      if (at > 0) throw refused;
    });
    const connection = await openConnection({ create, prepare, checkAgain, timeoutMs, clock });
    made[0]?.broken(new Error('cut'));
    const pauses: number[] = [];
    for (let i = 0; i < 60; i++) pauses.push(await clock.pass());
    expect(Math.max(...pauses)).to.be.within(500, 1000);
    expect(Math.max(...pauses.slice(0, 2))).to.be.at.most(50);
    expect(await codeFrom(connection.read(async () => {}))).to.equal('misconfigured');
    expect(made.every(({ destroyed }) => destroyed > 0)).to.equal(true);
    await connection[Symbol.asyncDispose]();
    expect(clock.waits, 'no timer is left').to.deep.equal([]);
  });

  it('does not take a link into use that broke after its last answer', async () => {
    const clock = new OwnClock();
    const { made, create } = links();
    const breaks = async (): Promise<void> => made.at(-1)?.broken(new Error('cut'));
    expect(await codeFrom(openConnection({ create, prepare: breaks, checkAgain, timeoutMs, clock }))).to.equal(
      'unavailable',
    );
    expect(made[0]?.destroyed).to.equal(1);
  });

  it('disposed while it connects again, it lets go of what it was making', async () => {
    const clock = new OwnClock();
    let reject: (error: Error) => void = () => {};
    const { made, create } = links((at) => (at === 0 ? Promise.resolve() : new Promise((_, fail) => (reject = fail))));
    const connection = await openConnection({ create, prepare, checkAgain, timeoutMs, clock });
    made[0]?.broken(new Error('cut'));
    await clock.pass();
    expect(made).to.have.length(2);
    const disposed = connection[Symbol.asyncDispose]();
    expect(made[1]?.destroyed).to.equal(1);
    reject(new CodedError('unavailable', 'destroyed'));
    await disposed;
    expect(await codeFrom(connection.read(async () => {}))).to.equal('closed');
    expect(clock.waits).to.deep.equal([]);
  });

  it('disposed while another link just came up, it uses it no more', async () => {
    const clock = new OwnClock();
    let resolve = (): void => {};
    const { made, create } = links((at) => (at === 0 ? Promise.resolve() : new Promise((done) => (resolve = done))));
    const connection = await openConnection({ create, prepare, checkAgain, timeoutMs, clock });
    made[0]?.broken(new Error('cut'));
    await clock.pass();
    resolve();
    await connection[Symbol.asyncDispose]();
    expect(made[1]?.destroyed).to.be.greaterThan(0);
  });

  it('disposed while calls are under way, it waits for them', async () => {
    const clock = new OwnClock();
    const { made, create } = links();
    const connection = await openConnection({ create, prepare, checkAgain, timeoutMs, clock });
    let answer: (text: string) => void = () => {};
    const call = connection.read(() => new Promise<string>((resolve) => (answer = resolve)));
    const disposed = connection[Symbol.asyncDispose]();
    await turn();
    expect(made[0]?.destroyed).to.equal(0);
    answer('OK');
    await disposed;
    expect(await call).to.equal('OK');
    expect(made[0]?.destroyed).to.equal(1);
  });

  it('tells what broke it first, when it is made and when calls are under way', async () => {
    const clock = new OwnClock();
    const cut = Object.assign(new Error('read ECONNRESET'), { code: 'ECONNRESET' });
    const gone = new DisconnectsClientError();
    const { made, create } = links(async (at, link) => {
      if (at > 0) return;
      link.broken(Object.assign(new Error('self-signed certificate'), { code: 'DEPTH_ZERO_SELF_SIGNED_CERT' }));
      throw gone;
    });
    const refused = await errorFrom(openConnection({ create, prepare, checkAgain, timeoutMs, clock }));
    expect(refused).to.include({ code: 'misconfigured', message: 'Redis: self-signed certificate' });

    const connection = await openConnection({ create, prepare, checkAgain, timeoutMs, clock });
    let reject: (error: Error) => void = () => {};
    const call = errorFrom(connection.write(() => new Promise((_, fail) => (reject = fail))));
    made[1]?.broken(cut);
    made[1]?.broken(gone);
    reject(gone);
    const told = await call;
    expect(codeOf(told)).to.equal('unavailable');
    expect(tell(told)).to.equal('the connection to Redis broke: Redis: read ECONNRESET');
    expect(tell(await errorFrom(connection.read(async () => {})))).to.include('read ECONNRESET');
    await connection[Symbol.asyncDispose]();
  });

  it('what no table knows is unavailable when it ends a connection', async () => {
    const clock = new OwnClock();
    const { made, create } = links();
    const connection = await openConnection({ create, prepare, checkAgain, timeoutMs, clock });
    made[0]?.broken(new Error('Unknown RESP type 72 "H"'));
    const error = await errorFrom(connection.read(async () => {}));
    expect(codeOf(error)).to.equal('unavailable');
    expect(tell(error)).to.include('Unknown RESP type');
    await connection[Symbol.asyncDispose]();
  });

  it('checks a server again with the first call after a second, on each wire, and gives up what became unfit', async () => {
    const clock = new OwnClock();
    const { made, create } = links();
    const checked: Wire[] = [];
    let verdict: () => Promise<void> = async () => {};
    const check = (wire: Wire): Promise<void> => {
      checked.push(wire);
      return verdict();
    };
    const connection = await openConnection({ create, prepare, checkAgain: check, timeoutMs, clock });
    const { reads, writes } = made[0]!;
    clock.nowMs = 999;
    await connection.read(async () => {});
    expect(checked).to.deep.equal([]);
    clock.nowMs = 1000;
    await Promise.all([
      connection.read(async () => {}),
      connection.read(async () => {}),
      connection.write(async () => {}),
    ]);
    expect(checked).to.have.length(2);
    expect(checked[0]).to.equal(reads);
    expect(checked[1]).to.equal(writes);
    clock.nowMs = 0; // The wall clock is set back; the next check is still a second away.
    await connection.read(async () => {});
    clock.nowMs = 1000;
    verdict = () => Promise.reject(new CodedError('misconfigured', 'it evicts'));
    const stale = connection.read(async () => 'an old price');
    expect(await codeFrom(stale), 'the answer of an unfit server').to.equal('misconfigured');
    expect(made[0]?.destroyed).to.be.greaterThan(0);
    expect(await codeFrom(connection.read(async () => {}))).to.equal('misconfigured');
    await clock.pass();
    await connection.read(async () => {});
    await connection[Symbol.asyncDispose]();
  });
});
