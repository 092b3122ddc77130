import { expect } from 'chai';
import { CodedError } from '@product-updates/errors';
import type { Clock } from '@product-updates/queue';
import type { Reply } from '../src/client.ts';
import { openConnection } from '../src/connection.ts';
import type { Link } from '../src/link.ts';
import { codeFrom } from './observe.ts';

/** A clock that a test moves. */
class OwnClock implements Pick<Clock, 'schedule'> {
  readonly waits: { readonly delayMs: number; readonly run: () => void }[] = [];
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
  const wire = { send: async (): Promise<Reply> => 'OK', sendToAll: async (): Promise<readonly Reply[]> => ['OK'] };
  return {
    made,
    create(broken) {
      const at = made.length;
      const link: OwnLink = {
        reads: wire,
        writes: wire,
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

describe('the lasting connection', () => {
  it('gives a link up with the call that got no answer in time, and makes another', async () => {
    const clock = new OwnClock();
    const { made, create } = links();
    const connection = await openConnection({ create, prepare, timeoutMs, clock });
    const late = codeFrom(connection.call(() => new Promise(() => {})));
    expect(await clock.pass()).to.equal(timeoutMs);
    expect(await late).to.equal('unavailable');
    expect(made[0]?.destroyed).to.equal(1);
    expect(await codeFrom(connection.call(async () => {})), 'nothing waits for a connection').to.equal('unavailable');
    await clock.pass();
    expect(await connection.call(async ({ reads }) => reads.send('', []))).to.equal('OK');
    await connection[Symbol.asyncDispose]();
    expect(made.map(({ destroyed }) => destroyed)).to.deep.equal([1, 1]);
  });

  it('pauses longer and longer between the tries, never above a second, and tells each caller why', async () => {
    const clock = new OwnClock();
    const refused = new CodedError('misconfigured', 'no such user');
    const { made, create } = links(async (at) => {
      if (at > 0) throw refused;
    });
    const connection = await openConnection({ create, prepare, timeoutMs, clock });
    made[0]?.broken(new Error('cut'));
    const pauses: number[] = [];
    for (let i = 0; i < 60; i++) pauses.push(await clock.pass());
    expect(Math.max(...pauses)).to.be.within(500, 1000);
    expect(Math.max(...pauses.slice(0, 2))).to.be.at.most(50);
    expect(await codeFrom(connection.call(async () => {}))).to.equal('misconfigured');
    expect(made.every(({ destroyed }) => destroyed > 0)).to.equal(true);
    await connection[Symbol.asyncDispose]();
    expect(clock.waits, 'no timer is left').to.deep.equal([]);
  });

  it('does not take a link into use that broke after its last answer', async () => {
    const clock = new OwnClock();
    const { made, create } = links();
    const breaks = async (): Promise<void> => made.at(-1)?.broken(new Error('cut'));
    expect(await codeFrom(openConnection({ create, prepare: breaks, timeoutMs, clock }))).to.equal('unavailable');
    expect(made[0]?.destroyed).to.equal(1);
  });

  it('disposed while it connects again, it lets go of what it was making', async () => {
    const clock = new OwnClock();
    let reject: (error: Error) => void = () => {};
    const { made, create } = links((at) => (at === 0 ? Promise.resolve() : new Promise((_, fail) => (reject = fail))));
    const connection = await openConnection({ create, prepare, timeoutMs, clock });
    made[0]?.broken(new Error('cut'));
    await clock.pass();
    expect(made).to.have.length(2);
    const disposed = connection[Symbol.asyncDispose]();
    expect(made[1]?.destroyed).to.equal(1);
    reject(new CodedError('unavailable', 'destroyed'));
    await disposed;
    expect(await codeFrom(connection.call(async () => {}))).to.equal('closed');
    expect(clock.waits).to.deep.equal([]);
  });

  it('disposed while another link just came up, it uses it no more', async () => {
    const clock = new OwnClock();
    let resolve = (): void => {};
    const { made, create } = links((at) => (at === 0 ? Promise.resolve() : new Promise((done) => (resolve = done))));
    const connection = await openConnection({ create, prepare, timeoutMs, clock });
    made[0]?.broken(new Error('cut'));
    await clock.pass();
    resolve();
    await connection[Symbol.asyncDispose]();
    expect(made[1]?.destroyed).to.be.greaterThan(0);
  });

  it('disposed while calls are under way, it waits for them', async () => {
    const clock = new OwnClock();
    const { made, create } = links();
    const connection = await openConnection({ create, prepare, timeoutMs, clock });
    let answer: (text: string) => void = () => {};
    const call = connection.call(() => new Promise<string>((resolve) => (answer = resolve)));
    const disposed = connection[Symbol.asyncDispose]();
    await turn();
    expect(made[0]?.destroyed).to.equal(0);
    answer('OK');
    await disposed;
    expect(await call).to.equal('OK');
    expect(made[0]?.destroyed).to.equal(1);
  });
});
