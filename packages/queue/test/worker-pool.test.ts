import { expect } from 'chai';
import { createWorkerPool, type WorkerPool } from '@product-updates/queue';
import { createVirtualClock } from '@product-updates/queue/contract';
import { rejection, watch } from './outcome.ts';
import { createTestPool, items, only, submit } from './pool.ts';

describe('createWorkerPool', () => {
  it('takes whole numbers of lanes and items', () => {
    expect(() => createTestPool({ lanes: 0 })).to.throw(RangeError, 'lanes');
    expect(() => createTestPool({ batchMax: 1.5 })).to.throw(RangeError, 'batchMax');
  });

  it('makes one batch of what is submitted in one turn', async () => {
    const test = createTestPool();
    test.pool.submit(items('a1 b1'));
    test.pool.submit(items('a2'));
    expect(test.open.length).to.equal(0);
    await test.clock.settle();
    expect(only(test).text).to.equal('a1 b1 a2');
  });

  it('gathers while it works, and takes at most batchMax keys', async () => {
    const test = createTestPool({ batchMax: 3 });
    await submit(test, 'a1');
    await submit(test, 'a2 b1');
    await submit(test, 'c1 d1');
    await only(test).done();
    expect(only(test).text).to.equal('a2 b1 c1');
    await only(test).done();
    expect(only(test).text).to.equal('d1');
    await only(test).done();
    expect(test.open.length).to.equal(0);
  });

  it('takes with them what waits of the same keys, up to four times as many items', async () => {
    const test = createTestPool({ batchMax: 2 });
    await submit(test, 'a1');
    await submit(test, 'a2 b1 b2 a3 c1 a4');
    await submit(test, 'a5 a6 a7 a8 a9 a10 a11 a12 a13');
    await only(test).done();
    expect(only(test).text).to.equal('a2 b1 b2 a3');
    await only(test).done();
    expect(only(test).text).to.equal('c1 a4 a5 a6 a7 a8 a9 a10');
    await only(test).done();
    expect(only(test).text).to.equal('a11 a12 a13');
    await only(test).done();
    expect(test.pool.size).to.equal(0);
  });

  it('counts what is inside and who is at work', async () => {
    const test = createTestPool({ lanes: 8 });
    expect([test.pool.size, test.pool.busy]).to.deep.equal([0, 0]);
    test.pool.submit(items('a1 b1 c1 d1 e1 f1 g1 h1 i1'));
    expect([test.pool.size, test.pool.busy]).to.deep.equal([9, 0]);
    await test.clock.settle();
    expect([test.pool.size, test.pool.busy]).to.deep.equal([9, test.open.length]);
    const busy = test.open.length;
    expect(busy).to.be.within(2, 8);
    const inFirst = test.open[0]!.text.split(' ').length;
    await test.open[0]!.done();
    expect([test.pool.size, test.pool.busy]).to.deep.equal([9 - inFirst, busy - 1]);
  });

  it('tells what each lane does, and since when', async () => {
    const test = createTestPool({ lanes: 1 });
    const startMs = test.clock.now();
    const lane = () => test.pool.lanes.map(({ state, sinceMs }) => `${state} since ${sinceMs - startMs}`);
    expect(lane()).to.deep.equal(['idle since 0']);
    await test.clock.advance(10);
    await submit(test, 'a1');
    expect(lane()).to.deep.equal(['working since 10']);
    await test.clock.advance(10);
    await only(test).fail(new Error('a bug'));
    expect(lane()).to.deep.equal(['waiting since 20']);
    await test.clock.advance(1000);
    expect(lane()).to.deep.equal(['working since 1020']);
    await test.clock.advance(10);
    await only(test).done();
    expect(lane()).to.deep.equal(['idle since 1030']);
  });

  it('takes an empty array without a stir', async () => {
    const test = createTestPool();
    test.pool.submit([]);
    await test.clock.settle();
    expect([test.pool.size, test.open.length]).to.deep.equal([0, 0]);
  });
});

describe('work that rejects', () => {
  it('is reported, and its batch comes again after a second: nothing is lost', async () => {
    const test = createTestPool();
    await submit(test, 'a1 b1');
    await only(test).fail(new Error('a bug'));
    expect(test.errors.map(String)).to.deep.equal(['Error: a bug']);
    await submit(test, 'a2 c1');
    expect(only(test).text).to.equal('c1');
    await only(test).done();
    await test.clock.advance(999);
    expect(test.open.length).to.equal(0);
    await test.clock.advance(1);
    expect(only(test).text).to.equal('a1 a2 b1');
  });

  it('comes again too when the report throws', async () => {
    const test = createTestPool({
      onError: () => {
        throw new Error('on purpose');
      },
    });
    await submit(test, 'a1');
    await only(test).fail(new Error('a bug'));
    await test.clock.advance(1000);
    expect(only(test).text).to.equal('a1');
  });

  it('is no different when it throws', async () => {
    let calls = 0;
    const test = createTestPool({
      work: () => {
        calls++;
        if (calls === 1) throw new Error('thrown');
        return Promise.resolve([]);
      },
    });
    await submit(test, 'a1');
    expect(test.errors.map(String)).to.deep.equal(['Error: thrown']);
    await test.clock.advance(1000);
    expect([calls, test.pool.size]).to.deep.equal([2, 0]);
  });
});

describe('draining', () => {
  it('is done at once when nothing is inside', async () => {
    await createTestPool().pool.drain();
  });

  it('waits for what is in work, what waits and what was given back', async () => {
    const test = createTestPool({ batchMax: 1 });
    await submit(test, 'a1 b1');
    const drains = [watch(test.pool.drain()), watch(test.pool.drain())];
    const outcomes = (): string[] => drains.map(({ outcome }) => outcome);
    await only(test).done([{ items: items('a1'), delayMs: 50 }]);
    await only(test).done();
    expect(outcomes()).to.deep.equal(['pending', 'pending']);
    await test.clock.advance(50);
    expect(outcomes()).to.deep.equal(['pending', 'pending']);
    await only(test).done();
    expect(outcomes()).to.deep.equal(['done', 'done']);
  });
});

describe('disposing', () => {
  it('fires the signal, waits for running work, drops the rest and takes no more', async () => {
    const test = createTestPool({ batchMax: 2 });
    await submit(test, 'a1 b1 c1');
    await only(test).done([{ items: items('a1'), delayMs: 10 }]);
    expect(only(test).text).to.equal('c1');
    const drained = rejection(test.pool.drain());
    const disposed = watch(test.pool[Symbol.asyncDispose]());
    expect(await drained).to.equal('closed');
    expect(test.signals.every((signal) => signal.aborted)).to.equal(true);
    expect(disposed.outcome).to.equal('pending');
    expect(() => test.pool.submit(items('d1'))).to.throw('disposed');
    await only(test).done([{ items: items('c1'), delayMs: 1 }]);
    expect(disposed.outcome).to.equal('done');
    expect(test.pool.size).to.equal(0);
    expect(test.clock.pending).to.equal(0);
    await test.clock.runUntilIdle();
    expect(test.open.length).to.equal(0);
  });

  it('does nothing for a lane that had not begun, and nothing the second time', async () => {
    const test = createTestPool();
    test.pool.submit(items('a1'));
    await test.pool[Symbol.asyncDispose]();
    await test.pool[Symbol.asyncDispose]();
    await test.clock.settle();
    expect([test.open.length, test.pool.size]).to.deep.equal([0, 0]);
    await test.pool.drain();
  });

  it('takes a rejection with the reason of the abort for what it is, and reports any other', async () => {
    const test = createTestPool({ lanes: 8 });
    test.pool.submit(items('a1 b1 c1 d1'));
    await test.clock.settle();
    expect(test.open.length).to.be.above(1);
    const disposed = test.pool[Symbol.asyncDispose]();
    await test.open[0]!.fail(test.signals[0]!.reason);
    expect(test.errors.length).to.equal(0);
    await test.open[0]!.fail(new Error('a bug'));
    expect(test.errors.map(String)).to.deep.equal(['Error: a bug']);
    while (test.open.length > 0) await test.open[0]!.done();
    await disposed;
  });

  it('happens at the end of the block with await using', async () => {
    let pool: WorkerPool<string> | undefined;
    {
      await using inner = createWorkerPool<string>({
        lanes: 1,
        batchMax: 1,
        keyOf: (key) => key,
        work: () => Promise.resolve([]),
        clock: createVirtualClock(),
        onError: () => undefined,
      });
      pool = inner;
    }
    expect(() => pool.submit(['a'])).to.throw('disposed');
  });
});
