import { setImmediate, setTimeout as wait } from 'node:timers/promises';
import { expect } from 'chai';
import { hashKey } from '../src/key-hash.ts';
import { bytesInUse, eventually, inTime, isPending, outcomeOf } from './observe.ts';
import { scaled } from './scale.ts';
import type { QueueTest } from './subject.ts';
import { idOf, idsFrom, idsOf, messageOf, nothingComes, publishAll, startWorkers, take } from './traffic.ts';

/** Q14 to Q18: delivering where nothing fails. */
export const delivering: readonly QueueTest[] = [
  {
    id: 'Q14',
    title: 'never has two workers of a process on one key',
    timeoutMs: 20_000,
    async run({ open }) {
      const queue = await open();
      const atWork = new Set<string>();
      let most = 0;
      await using workers = startWorkers(queue, {
        lanes: 4,
        batchMax: 5,
        async work(batch) {
          const keys = new Set(batch.map(({ key }) => key));
          for (const key of keys) {
            expect(atWork.has(key), `two workers on ${key}`).to.equal(false);
            atWork.add(key);
          }
          most = Math.max(most, workers.pool.busy);
          await setImmediate();
          for (const key of keys) atWork.delete(key);
        },
      });
      await publishAll(
        queue,
        idsFrom('m', 600).map((id, i) => messageOf(id, `key-${i % 12}`)),
      );
      await workers.drain();
      expect(most, 'workers at work at a time').to.be.above(1);
    },
  },
  {
    id: 'Q15',
    title: 'delivers the messages of a key in the order of publishing to 1, 3, 5 and 8 workers',
    timeoutMs: 30_000,
    async run({ openMany }) {
      const queues = await openMany(1);
      const queue = queues[0]!;
      for (const lanes of [1, 3, 5, 8]) {
        const seen = new Map<string, string[]>();
        const keys = idsFrom('key-', 20);
        let count = 0;
        await using _workers = startWorkers(queue, {
          lanes,
          batchMax: 7,
          async work(batch) {
            if (count % 3 === 0) await setImmediate();
            for (const delivery of batch) seen.set(delivery.key, [...(seen.get(delivery.key) ?? []), idOf(delivery)]);
            count += batch.length;
          },
        });
        const ids = idsFrom(`m${lanes}-`, 500);
        await publishAll(
          queue,
          ids.map((id, i) => messageOf(id, keys[i % 20])),
        );
        await eventually(20_000, async () => {
          await queue.ping();
          expect(count).to.equal(500);
        });
        for (const [k, key] of keys.entries()) expect(seen.get(key)).to.deep.equal(ids.filter((_, i) => i % 20 === k));
      }
    },
  },
  {
    id: 'Q16',
    title: 'does not let one key that stalls hold up the other lanes',
    timeoutMs: 20_000,
    async run({ open }) {
      const queue = await open();
      const lanes = 4;
      const laneOf = (key: string): number => hashKey(key) % lanes;
      const others = idsFrom('key-', 100).filter((key) => laneOf(key) !== laneOf('stalled'));
      let release = (): void => undefined;
      const released = new Promise<void>((resolve) => {
        release = resolve;
      });
      let done = 0;
      let finished = (): void => undefined;
      const othersDone = new Promise<void>((resolve) => {
        finished = resolve;
      });
      await using workers = startWorkers(queue, {
        lanes,
        async work(batch) {
          if (batch.some(({ key }) => key === 'stalled')) return released;
          done += batch.length;
          if (done === others.length) finished();
          return undefined;
        },
      });
      await queue.publish(idsFrom('s', 20).map((id) => messageOf(id, 'stalled')));
      const start = performance.now();
      await publishAll(
        queue,
        others.map((key) => messageOf(`of ${key}`, key)),
      );
      await othersDone;
      expect(performance.now() - start, 'ms until the other lanes were done').to.be.below(200);
      await wait(scaled({ quick: 0, long: 2000 }));
      release();
      await workers.drain();
    },
  },
  {
    id: 'Q17.1',
    title: 'never hands out more than was asked for',
    timeoutMs: 10_000,
    async run({ open }) {
      const queue = await open();
      await publishAll(
        queue,
        idsFrom('m', 50).map((id) => messageOf(id)),
      );
      const seen: string[] = [];
      for (const max of [1, 2, 5, 20, 100]) {
        const deliveries = await queue.receive(max);
        expect(deliveries.length).to.be.within(1, max);
        seen.push(...idsOf(deliveries));
      }
      const rest = await take(queue, 50 - seen.length);
      expect([...seen, ...idsOf(rest)].toSorted()).to.deep.equal(idsFrom('m', 50).toSorted());
    },
  },
  {
    id: 'Q17.2',
    title: 'wakes a consumer for a lone message in less than 100 ms',
    timeoutMs: 10_000,
    async run({ open }) {
      const queue = await open();
      const times: number[] = [];
      for (const id of idsFrom('m', 5)) {
        const received = queue.receive(10);
        expect(await isPending(received)).to.equal(true);
        const start = performance.now();
        await queue.publish([messageOf(id)]);
        await queue.ack(await received);
        times.push(performance.now() - start);
      }
      expect(times.toSorted((a, b) => a - b)[2], 'the median, in ms').to.be.below(100);
    },
  },
  {
    id: 'Q17.3',
    title: 'costs next to nothing while a consumer waits',
    timeoutMs: 30_000,
    async run({ open }) {
      const queue = await open();
      await nothingComes(queue, 20); // so that what it takes to begin is not counted
      const { ms, share } = scaled({ quick: { ms: 300, share: 0.2 }, long: { ms: 10_000, share: 0.01 } });
      const before = process.cpuUsage();
      const loopBefore = performance.eventLoopUtilization();
      await nothingComes(queue, ms);
      const { user, system } = process.cpuUsage(before);
      expect((user + system) / 1000 / ms, 'of one core').to.be.below(share);
      // On a machine that is busy with others even a loop that never rests gets little of a core.
      expect(performance.eventLoopUtilization(loopBefore).utilization, 'of the event loop').to.be.below(0.5);
    },
  },
  {
    id: 'Q18',
    title: 'holds only what was asked for, however slow the consumer is',
    timeoutMs: 60_000,
    capacity: 5000,
    async run({ open, declared }) {
      const queue = await open();
      const count = scaled({ quick: 2000, long: 5000 });
      await publishAll(
        queue,
        idsFrom('m', count).map((id) => messageOf(id)),
        500,
      );
      const before = await bytesInUse();
      for (let left = count; left > 0;) {
        const deliveries = await queue.receive(10);
        expect((await queue.stats()).unacked).to.be.at.most(Math.max(10, declared.prefetch));
        await setImmediate();
        await queue.ack(deliveries);
        left -= deliveries.length;
      }
      expect((await bytesInUse()) - before).to.be.below(16 * 2 ** 20);
    },
  },
  {
    id: 'Q33.1',
    title: 'ends a receive whose signal fires with the reason of the signal, and loses nothing',
    timeoutMs: 20_000,
    async run({ open, declared }) {
      const queue = await open();
      const before = await outcomeOf(queue.receive(1, { signal: AbortSignal.abort('before') }));
      expect(before).to.include({ ok: false, error: 'before' });
      const ids = idsFrom('m', scaled({ quick: 60, long: 1000 }));
      const seen: string[] = [];
      for (const [i, id] of ids.entries()) {
        const abort = new AbortController();
        const received = outcomeOf(queue.receive(5, { signal: abort.signal }));
        const published = queue.publish([messageOf(id)]);
        if (i % 3 === 0) await setImmediate();
        if (i % 3 === 1) await published;
        abort.abort('enough');
        const outcome = await inTime(received, 'an aborted receive');
        await published;
        if (outcome.ok) seen.push(...idsOf(outcome.value));
        else expect(outcome.error).to.equal('enough');
      }
      const rest = await take(queue, ids.length - seen.length, declared.recoveryMs);
      expect([...seen, ...idsOf(rest)].toSorted()).to.deep.equal(ids.toSorted());
    },
  },
  {
    id: 'Q33.2',
    title: 'refuses to hand out none, less or a part',
    timeoutMs: 5000,
    async run({ open }) {
      const queue = await open();
      await queue.publish([messageOf('a')]);
      for (const max of [0, -1, 0.5, Number.NaN]) {
        const outcome = await outcomeOf(queue.receive(max));
        expect(outcome.ok ? 'it resolved' : (outcome.error as Error).name, String(max)).to.equal('RangeError');
      }
      expect(idsOf(await take(queue, 1))).to.deep.equal(['a']);
    },
  },
];
