import { expect } from 'chai';
import { createRig, failure, type Rig } from './support/rig.ts';
import { event } from './support/events.ts';

/** Gaps between moments, in ms. */
function gaps(moments: readonly number[]): number[] {
  return moments.slice(1).map((at, i) => at - (moments[i] ?? 0));
}

async function publishMany(rig: Rig, count: number, at = 1): Promise<void> {
  await rig.publish(...Array.from({ length: count }, (_, i) => event(`p${i}`, at)));
}

describe('an outage', () => {
  it('is one too when nothing has a code: whatever fails while the ping fails', async () => {
    const connect = (): Error => Object.assign(new Error('connect EPERM 10.0.0.1:5432'), { code: 'EPERM' });
    for (const apply of [connect, () => failure('invalid'), () => failure('undecodable')]) {
      const rig = createRig({ lanes: 3, retry: { attempts: 2, baseMs: 1, maxMs: 1 } });
      rig.faults.apply = apply;
      rig.faults.ping = connect;
      await publishMany(rig, 2000);
      await rig.clock.advance(60_000);
      expect(rig.seen.letters).to.deep.equal([]);
      expect(rig.seen.retried).to.deep.equal([]);
      expect(rig.seen.failed).to.deep.equal([]);
      const { hold, workers } = rig.pipeline.status();
      expect(hold).to.include({ reason: 'store', error: 'connect EPERM 10.0.0.1:5432' });
      expect(new Set(workers.map(({ state }) => state))).to.deep.equal(new Set(['held']));
      for (const { since_ms } of workers) expect(since_ms).to.equal(hold?.since_ms);
      expect(rig.seen.applies, 'writes while pings fail').to.have.length(3);
      expect(rig.seen.pings).to.have.length(61);
      rig.faults.apply = rig.faults.ping = () => undefined;
      await rig.clock.advance(1000);
      expect(rig.seen.settled.applied).to.have.length(2000);
      await rig.pipeline.drain();
    }
  });

  it('is one too when the ping never answers, and ends when one does', async () => {
    const rig = createRig({ lanes: 2 });
    rig.faults.apply = () => failure('bug');
    rig.faults.ping = () => new Promise(() => undefined);
    await publishMany(rig, 10);
    await rig.clock.advance(60_000);
    expect(rig.pipeline.status().hold?.error).to.equal('no answer to a ping within 10000 ms');
    expect(rig.seen.letters).to.deep.equal([]);
    expect(rig.seen.applies).to.have.length(2);
    rig.faults.apply = rig.faults.ping = () => undefined;
    await rig.clock.advance(11_000);
    expect(rig.seen.settled.applied).to.have.length(10);
    expect(rig.pipeline.status().state).to.equal('running');
    await rig.pipeline.drain();
  });

  it('goes on when the store goes down again between the ping of a probe and its batch', async () => {
    const rig = createRig({ lanes: 1, retry: { attempts: 1, baseMs: 1, maxMs: 1 } });
    rig.faults.apply = rig.faults.ping = () => failure('bug', 'down');
    await publishMany(rig, 10);
    await rig.clock.settle();
    let pings = 0;
    rig.faults.ping = () => (++pings % 2 === 1 ? undefined : failure('bug', 'down again'));
    await rig.clock.advance(10_000);
    expect(rig.pipeline.status().state).to.equal('held');
    expect(rig.seen.letters).to.deep.equal([]);
    expect(rig.seen.retried).to.deep.equal([]);
    await rig.pipeline[Symbol.asyncDispose]();
  });

  it('of minutes stops all lanes, probes once a second, and counts and dead-letters nothing', async () => {
    const rig = createRig({ lanes: 4, batchMax: 10 });
    rig.faults.apply = () => failure('unavailable');
    rig.faults.ping = () => failure('unavailable', 'no answer');
    await publishMany(rig, 400);
    await rig.clock.settle();
    expect(rig.seen.applies).to.have.length(4);

    await rig.clock.advance(5 * 60_000);
    expect(rig.seen.applies, 'writes while pings fail').to.have.length(4);
    expect(rig.seen.pings).to.have.length(301);
    expect(gaps(rig.seen.pings)).to.deep.equal(Array.from({ length: 300 }, () => 1000));
    expect(rig.pipeline.status()).to.deep.include({ state: 'held', holding: 320, busy: 4 });
    expect(rig.pipeline.status().hold).to.deep.equal({
      reason: 'store',
      since_ms: rig.seen.pings[0],
      error: 'no answer',
    });

    rig.faults.apply = rig.faults.ping = () => undefined;
    await rig.clock.advance(1000);
    expect(await rig.depth()).to.equal(0);
    expect(rig.pipeline.status()).to.deep.include({ state: 'running', hold: null });
    expect(rig.seen.retried).to.deep.equal([]);
    expect(await rig.letters()).to.deep.equal([]);
    expect(rig.seen.held).to.have.length(1);
    expect(rig.seen.released).to.deep.equal([{ reason: 'store', heldMs: 301_000 }]);
    expect(rig.seen.settled.applied).to.have.length(400);
    await rig.pipeline.drain();
  });

  it('is probed about every second, a tenth more or less', async () => {
    const randoms = [0, 0.999, 0.25];
    const rig = createRig({ random: () => randoms.shift() ?? 0.5 });
    rig.faults.apply = rig.faults.ping = () => failure('unavailable');
    await publishMany(rig, 1);
    await rig.clock.advance(4000);
    expect(gaps(rig.seen.pings)).to.deep.equal([900, 1100, 950, 1000]);
    await rig.pipeline[Symbol.asyncDispose]();
  });

  it('ends with a batch that could be written, not with a ping', async () => {
    const rig = createRig({ lanes: 2, batchMax: 10 });
    let down = true;
    rig.faults.apply = () => (down ? failure('unavailable') : undefined);
    rig.faults.ping = () => failure('unavailable');
    await publishMany(rig, 40);
    await rig.clock.settle();
    rig.faults.ping = () => undefined;
    const before = rig.seen.applies.length;
    await rig.clock.advance(5000);
    expect(rig.pipeline.status().hold?.reason).to.equal('store');
    // A probe is a ping, the batch of a lane, and one product of it alone, in case a neighbour was at fault.
    const sizes = rig.seen.applies.slice(before).map(({ ids }) => ids.length);
    expect(sizes).to.have.length(10);
    expect(sizes.map((size) => size > 1)).to.deep.equal([1, 2, 3, 4, 5].flatMap(() => [true, false]));
    expect(rig.seen.pings).to.have.length(6);
    down = false;
    await rig.clock.advance(2000);
    expect(rig.seen.settled.applied).to.have.length(40);
    expect(rig.seen.retried).to.deep.equal([]);
    await rig.pipeline.drain();
  });

  for (const code of ['misconfigured', 'full', 'closed'] as const) {
    it(`it is too when the store is ${code}, whatever the ping says`, async () => {
      const rig = createRig({ lanes: 2, batchMax: 10 });
      rig.faults.apply = () => failure(code, 'relation "products" does not exist');
      await publishMany(rig, 40);
      await rig.clock.advance(600_000);
      expect(rig.pipeline.status().hold).to.deep.include({
        reason: 'store',
        error: 'relation "products" does not exist',
      });
      expect(rig.seen.pings).to.have.length(600);
      expect(rig.seen.applies).to.have.length(602);
      rig.faults.apply = () => undefined;
      await rig.clock.advance(1000);
      expect(rig.seen.settled.applied).to.have.length(40);
      expect(rig.seen.retried).to.deep.equal([]);
      expect(rig.seen.letters).to.deep.equal([]);
      await rig.pipeline.drain();
    });
  }

  it('it is too when the store answers pings and takes no writes at all', async () => {
    const rig = createRig({ lanes: 3, batchMax: 100 });
    rig.faults.apply = () => failure('unavailable', 'read-only');
    await publishMany(rig, 1000);
    await rig.clock.settle();
    expect(rig.pipeline.status().hold).to.deep.include({ reason: 'store', error: 'read-only' });
    // Of each lane's 100 a few alone are enough to see it.
    expect(rig.seen.applies.length).to.be.below(100);
    const before = rig.seen.applies.length;

    await rig.clock.advance(120_000);
    expect(rig.seen.applies.length - before, 'two writes a probe').to.equal(240);
    expect(rig.seen.retried).to.deep.equal([]);
    expect(rig.seen.letters).to.deep.equal([]);

    rig.faults.apply = () => undefined;
    await rig.clock.advance(3000);
    expect(rig.seen.settled.applied).to.have.length(1000);
    expect(rig.pipeline.status().state).to.equal('running');
    await rig.pipeline.drain();
  });

  it('is not prolonged by a product that cannot be written in the batch that probes', async () => {
    const rig = createRig({ lanes: 1 });
    let down = true;
    rig.faults.apply = (records) =>
      down || records.some((record) => record.product_id === 'p7') ? failure('unavailable') : undefined;
    rig.faults.ping = () => (down ? failure('unavailable') : undefined);
    await publishMany(rig, 100);
    await rig.clock.advance(10_000);
    down = false;
    await rig.clock.advance(2000);
    expect(rig.seen.released).to.have.length(1);
    expect(rig.seen.settled.applied).to.have.length(99);
    expect(rig.seen.settled.superseded).to.deep.equal([]);
    await rig.pipeline[Symbol.asyncDispose]();
  });

  it('is over when the store answers a probe with what is the fault of the updates', async () => {
    for (const code of ['invalid', 'bug'] as const) {
      const rig = createRig({ retry: { attempts: 1, baseMs: 1, maxMs: 1 } });
      rig.faults.apply = rig.faults.ping = () => failure('unavailable');
      await publishMany(rig, 2);
      await rig.clock.settle();
      rig.faults.ping = () => undefined;
      rig.faults.apply = () => failure(code);
      await rig.clock.advance(2000);
      expect(rig.seen.released).to.have.length(1);
      expect(rig.seen.letters.map(({ reason }) => reason)).to.deep.equal(
        code === 'invalid' ? ['rejected', 'rejected'] : ['exhausted', 'exhausted'],
      );
      await rig.pipeline.drain();
    }
  });

  it('of a moment, over before the ping, only costs smaller writes', async () => {
    const rig = createRig();
    let failures = 1;
    rig.faults.apply = () => (failures-- > 0 ? failure('unavailable') : undefined);
    await publishMany(rig, 100);
    await rig.clock.settle();
    expect(rig.seen.applies.map(({ ids }) => ids.length)).to.deep.equal([100, ...Array.from({ length: 10 }, () => 10)]);
    expect(rig.seen.held).to.deep.equal([]);
    expect(rig.seen.settled.applied).to.have.length(100);
    await rig.pipeline.drain();
  });

  it('that ends between a failure and its ping is not the fault of a product that was alone', async () => {
    const rig = createRig({ retry: { attempts: 1, baseMs: 1, maxMs: 1 } });
    let failures = 1;
    rig.faults.apply = () => (failures-- > 0 ? failure('unavailable') : undefined);
    await publishMany(rig, 1);
    await rig.clock.settle();
    expect(rig.seen.settled.applied).to.have.length(1);
    expect(rig.seen.letters).to.deep.equal([]);
    await rig.pipeline.drain();
  });

  it('is asked about once by lanes that fail at the same time', async () => {
    const rig = createRig({ lanes: 4, batchMax: 10 });
    rig.faults.apply = async () => {
      await new Promise<void>((resolve) => rig.clock.schedule(50, resolve));
      return failure('unavailable');
    };
    rig.faults.ping = async () => {
      await new Promise<void>((resolve) => rig.clock.schedule(50, resolve));
      return failure('unavailable');
    };
    await publishMany(rig, 100);
    await rig.clock.advance(200);
    expect(rig.seen.applies).to.have.length(4);
    expect(rig.seen.pings).to.have.length(1);
    await rig.pipeline[Symbol.asyncDispose]();
  });

  it('is told again when its cause is a new one, and each cause once', async () => {
    const rig = createRig({ lanes: 1 });
    const causes = ['connect ECONNREFUSED 10.0.0.1:5432', 'read ECONNRESET 10.0.0.1:48201', 'password is wrong'];
    let cause = causes[0];
    rig.faults.apply = rig.faults.ping = () => failure('unavailable', cause);
    await publishMany(rig, 1);
    for (const next of [0, 1, 0, 1, 2]) {
      cause = causes[next];
      await rig.clock.advance(3000);
    }
    cause = 'read ECONNRESET 10.0.0.1:48333';
    await rig.clock.advance(3000);
    expect(rig.seen.held.map(({ error }) => error)).to.deep.equal(causes);
    expect(rig.pipeline.status().hold?.error).to.equal(cause);
    for (let n = 0; n < 100; n += 1) {
      cause = `cause ${'x'.repeat(n)}`;
      await rig.clock.advance(1000);
    }
    expect(rig.seen.held).to.have.length(20);
    rig.faults.apply = rig.faults.ping = () => undefined;
    await rig.clock.advance(2000);
    expect(rig.seen.released).to.have.length(1);
    rig.faults.apply = rig.faults.ping = () => failure('unavailable', causes[0]);
    await rig.publish(event('p1', 1));
    await rig.clock.settle();
    expect(rig.seen.held, 'a new hold').to.have.length(21);
    await rig.pipeline[Symbol.asyncDispose]();
  });

  it('is an outage too when the ping rejects with nothing', async () => {
    const rig = createRig();
    rig.faults.apply = () => failure('unavailable', 'down');
    rig.faults.ping = () => ({ then: (_: unknown, no: (e: undefined) => void) => no(undefined) }) as never;
    await publishMany(rig, 1);
    await rig.clock.advance(1000);
    expect(rig.pipeline.status().hold?.error).to.equal('the ping failed and does not say why');
    await rig.pipeline[Symbol.asyncDispose]();
  });
});
