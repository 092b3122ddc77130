import { expect } from 'chai';
import { createWorkerPool } from '@product-updates/queue';
import { createTestPool, items, only, submit } from './pool.ts';

describe('giving back', () => {
  it('keeps a key back for its delay, lets newer items of it join, and lets other keys go on', async () => {
    const test = createTestPool();
    await submit(test, 'a1 a2 b1');
    await only(test).done([{ items: items('a1 a2'), delayMs: 100 }]);
    await submit(test, 'b2 a3 c1');
    expect(only(test).text).to.equal('b2 c1');
    await only(test).done();
    await submit(test, 'a4');
    await test.clock.advance(99);
    expect(test.open.length).to.equal(0);
    expect(test.pool.size).to.equal(4);
    await test.clock.advance(1);
    expect(only(test).text).to.equal('a1 a2 a3 a4');
  });

  it('lets what was submitted while it worked join too', async () => {
    const test = createTestPool();
    await submit(test, 'a1');
    await submit(test, 'a2 b1');
    await only(test).done([{ items: items('a1'), delayMs: 10 }]);
    expect(only(test).text).to.equal('b1');
    await only(test).done();
    await test.clock.advance(10);
    expect(only(test).text).to.equal('a1 a2');
  });

  it('takes due keys first, in the order they came due, then what is fresh', async () => {
    const test = createTestPool();
    await submit(test, 'a1 b1 c1');
    await only(test).done([
      { items: items('a1'), delayMs: 20 },
      { items: items('b1'), delayMs: 10 },
    ]);
    await submit(test, 'd1');
    await submit(test, 'e1 a2 b2');
    await test.clock.advance(20);
    await only(test).done();
    expect(only(test).text).to.equal('b1 a1 e1 a2 b2');
  });

  it('waits for the later of two delays of one key, and keeps the order given', async () => {
    const test = createTestPool();
    await submit(test, 'a1 a2 b1');
    await only(test).done([
      { items: items('a1 b1'), delayMs: 30 },
      { items: items('a2'), delayMs: 10 },
    ]);
    await test.clock.advance(29);
    expect(test.open.length).to.equal(0);
    await test.clock.advance(1);
    expect(only(test).text).to.equal('a1 a2 b1');
  });

  it('gives a key that is larger than a batch in several, in order, with nothing in between', async () => {
    const test = createTestPool({ batchMax: 1 });
    await submit(test, 'a1');
    await only(test).done([{ items: items('a1'), delayMs: 10 }]);
    await submit(test, 'a2 a3 a4 a5 a6 a7 a8 a9 b1');
    await only(test).done();
    await test.clock.advance(10);
    expect(only(test).text).to.equal('a1 a2 a3 a4');
    await only(test).done();
    expect(only(test).text).to.equal('a5 a6 a7 a8');
    await submit(test, 'a10 c1');
    await only(test).done();
    expect(only(test).text).to.equal('a9 a10');
    await only(test).done();
    expect(only(test).text).to.equal('c1');
  });

  it('puts back what failed again before the rest of its key', async () => {
    const test = createTestPool({ batchMax: 1 });
    await submit(test, 'a1');
    await only(test).done([{ items: items('a1'), delayMs: 10 }]);
    await submit(test, 'a2 a3 a4 a5 a6');
    await test.clock.advance(10);
    expect(only(test).text).to.equal('a1 a2 a3 a4');
    await only(test).done([{ items: items('a3 a4'), delayMs: 10 }]);
    expect(test.open.length).to.equal(0);
    await test.clock.advance(10);
    expect(only(test).text).to.equal('a3 a4 a5 a6');
  });

  it('does not tear a due key apart to fill a batch', async () => {
    const test = createTestPool({ batchMax: 2 });
    await submit(test, 'a1 b1');
    await only(test).done([{ items: items('a1 b1'), delayMs: 10 }]);
    await submit(test, 'a2 a3 a4 a5 b2 b3 b4');
    await test.clock.advance(10);
    expect(only(test).text).to.equal('a1 a2 a3 a4 a5');
    await only(test).done();
    expect(only(test).text).to.equal('b1 b2 b3 b4');
  });

  it('does not make the batches of other keys smaller', async () => {
    const test = createTestPool({ batchMax: 2 });
    await submit(test, 'x1');
    await only(test).done([{ items: items('x1'), delayMs: 1000 }]);
    await submit(test, 'a1 b1 x2 a2 b2 a3 b3 a4 b4 a5');
    expect(only(test).text).to.equal('a1 b1 a2 b2 a3 b3 a4 b4');
    await only(test).done();
    expect(only(test).text).to.equal('a5');
  });

  it('leaves half a batch to the others, however many keys come due', async () => {
    const test = createTestPool({ batchMax: 4 });
    await submit(test, 'a1 b1 c1 d1');
    await only(test).done([{ items: items('a1 b1 c1 d1'), delayMs: 10 }]);
    await submit(test, 'z1');
    await submit(test, 'u1 d2 v1 w1');
    await test.clock.advance(10);
    await only(test).done();
    expect(only(test).text).to.equal('a1 b1 u1 v1');
    await only(test).done();
    expect(only(test).text).to.equal('c1 d1 d2 w1');
  });

  it('counts the keys that came due, and lets newer items of theirs come with them', async () => {
    const test = createTestPool({ batchMax: 2 });
    await submit(test, 'a1');
    await only(test).done([{ items: items('a1'), delayMs: 10 }]);
    await submit(test, 'z1');
    await submit(test, 'b1 a2 c1 b2');
    await test.clock.advance(10);
    await only(test).done();
    expect(only(test).text).to.equal('a1 b1 a2');
    await only(test).done();
    expect(only(test).text).to.equal('c1 b2');
  });

  it('does not let a long wait hold up a shorter one that began later', async () => {
    const test = createTestPool();
    await submit(test, 'a1');
    await only(test).done([{ items: items('a1'), delayMs: 100 }]);
    await submit(test, 'b1');
    await only(test).done([{ items: items('b1'), delayMs: 10 }]);
    expect(test.clock.pending).to.equal(1);
    await test.clock.advance(10);
    expect(only(test).text).to.equal('b1');
    await only(test).done();
    await test.clock.advance(90);
    expect(only(test).text).to.equal('a1');
  });

  it('holds one timer a lane, whatever waits', async () => {
    const test = createTestPool({ lanes: 2 });
    const many = Array.from({ length: 200 }, (_, i) => ({ key: `k${i}`, n: 0 }));
    test.pool.submit(many);
    await test.clock.settle();
    while (test.open.length > 0) {
      const { text, done } = test.open[0]!;
      const batch = many.filter(({ key }) => text.split(' ').includes(`${key}0`));
      await done(batch.map((item, i) => ({ items: [item], delayMs: 1000 - i })));
    }
    expect(test.pool.size).to.equal(200);
    expect(test.clock.pending).to.equal(2);
    await test.clock.runUntilIdle();
    expect(test.clock.pending).to.equal(0);
  });

  it('never spins: also without a delay it waits for the next millisecond', async () => {
    for (const delayMs of [0, -5, Number.NaN, 0.5]) {
      const test = createTestPool();
      await submit(test, 'a1');
      await only(test).done([{ items: items('a1'), delayMs }]);
      expect(test.open.length).to.equal(0);
      await test.clock.advance(1);
      expect(only(test).text).to.equal('a1');
    }
  });

  it('is not kept waiting by a wall clock that is set back', async () => {
    const test = createTestPool();
    await submit(test, 'a1 b1');
    await only(test).done([
      { items: items('a1'), delayMs: 100 },
      { items: items('b1'), delayMs: 200 },
    ]);
    test.clock.step(-3_600_000);
    await test.clock.advance(100);
    expect(only(test).text).to.equal('a1');
    await only(test).done();
    await test.clock.advance(200);
    expect(only(test).text).to.equal('b1');
  });

  it('comes due also when a timer fires a little early', async () => {
    const scheduled: (() => void)[] = [];
    const seen: string[][] = [];
    const pool = createWorkerPool<string>({
      lanes: 1,
      batchMax: 10,
      keyOf: (key) => key,
      clock: {
        now: () => 0, // no time passes at all
        schedule: (_delayMs, run) => {
          scheduled.push(run);
          return () => undefined;
        },
      },
      onError: () => undefined,
      work: async (batch) => {
        seen.push([...batch]);
        return seen.length === 1 ? [{ items: batch, delayMs: 100 }] : [];
      },
    });
    pool.submit(['a']);
    const drained = pool.drain();
    while (scheduled.length === 0) await Promise.resolve();
    scheduled[0]!();
    await drained;
    expect(seen).to.deep.equal([['a'], ['a']]);
  });
});
