import { expect } from 'chai';
import type { ForkedQueue } from './place.ts';
import { scaled } from './scale.ts';
import type { QueueTest, Subject } from './subject.ts';
import { idsFrom, messageOf, take, takeIds, type Bytes } from './traffic.ts';

/** What needs another process of ours, and kills it: Q2, Q19, Q23, Q26. */
export const crashing: readonly QueueTest[] = [
  {
    id: 'Q2',
    title: 'keeps what a publish was resolved for, when its process is killed at once',
    timeoutMs: 60_000,
    async run({ open, fault, declared }) {
      for (const round of idsFrom('r', scaled({ quick: 2, long: 20 }))) {
        const fork = await fault('fork')();
        const ids = idsFrom(`${round}-`, 50);
        await fork.publish(ids.map((id) => messageOf(id)));
        await fork.kill();
        const queue = await open();
        await takeIds(queue, ids, declared.redeliveryMs + declared.recoveryMs);
        await queue[Symbol.asyncDispose]();
      }
    },
  },
  {
    id: 'Q19',
    title: 'shares the work between two processes, and hands over the share of one that is killed',
    timeoutMs: 120_000,
    async run({ open, fault, declared }) {
      const queue = await open();
      const fork = await fault('fork')();
      const ids = idsFrom('m', 200);
      const here = take(queue, 50, declared.recoveryMs);
      const there = fork.receive(50);
      await queue.publish(ids.map((id) => messageOf(id)));
      expect((await there).length, 'received in the other process').to.be.above(0);
      const held = await here;
      await fork.kill();
      const rest = new Set(ids);
      for (const { key } of held) rest.delete(key);
      await queue.ack(held);
      await takeIds(queue, rest, declared.redeliveryMs + declared.recoveryMs);
    },
  },
  {
    id: 'Q23.2',
    title: 'delivers again after a crash the one that was open between two that were acked',
    timeoutMs: 120_000,
    async run({ open, fault, declared }) {
      const queue = await open();
      await queue.publish(['1', '2', '3', '4'].map((id) => messageOf(id, 'key')));
      const fork = await fault('fork')();
      const bodies = await receiveIn(fork, 4);
      await fork.ack([bodies.indexOf('1'), bodies.indexOf('3')]);
      await fork.kill();
      const seen = await takeIds(queue, ['2', '4'], declared.redeliveryMs + declared.recoveryMs);
      expect(seen).to.include.members(['2', '4']);
    },
  },
  {
    id: 'Q26',
    title: 'loses nothing, wherever its consumer is killed',
    timeoutMs: 300_000,
    async run(subject) {
      const queue = await subject.open();
      const rounds = scaled({ quick: 1, long: 10 });
      for (let round = 0; round < rounds; round++) {
        for (const acked of [0, 1, 5, 10]) await crashAfter(subject, queue, `r${round}-${acked}-`, acked);
      }
    },
  },
];

/** Publishes ten, receives all in another process, acks some there, kills it; the others must come here. */
async function crashAfter({ fault, declared }: Subject, queue: Bytes, prefix: string, acked: number): Promise<void> {
  const ids = idsFrom(prefix, 10);
  await queue.publish(ids.map((id) => messageOf(id)));
  const fork = await fault('fork')();
  const bodies = await receiveIn(fork, 10);
  await fork.ack(Array.from({ length: acked }, (_, i) => i));
  await fork.kill();
  await takeIds(queue, bodies.slice(acked), declared.redeliveryMs + declared.recoveryMs);
}

/** The ids, by position. */
async function receiveIn(fork: ForkedQueue, count: number): Promise<string[]> {
  const ids: string[] = [];
  while (ids.length < count) {
    const bodies = await fork.receive(count - ids.length);
    ids.push(...bodies.map((body) => new TextDecoder().decode(body)));
  }
  return ids;
}
