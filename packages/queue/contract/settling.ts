import { CodedError } from '@product-updates/errors';
import { expect } from 'chai';
import { noHeaders, Undecodable, withCodec, type Codec } from '../src/index.ts';
import { eventually, isPending, statsAre } from './observe.ts';
import { scaled } from './scale.ts';
import type { QueueTest } from './subject.ts';
import { idsFrom, idsOf, messageOf, nothingComes, publishAll, take, takeIds } from './traffic.ts';

/** Q20 to Q25 and Q30: settling and the end of a queue's life, where no server fails. */
export const settling: readonly QueueTest[] = [
  {
    id: 'Q20.1',
    title: 'never delivers again what was acked',
    timeoutMs: 60_000,
    async run({ open, declared }) {
      const queue = await open();
      const ids = idsFrom('m', 100);
      await publishAll(
        queue,
        ids.map((id) => messageOf(id)),
      );
      const deliveries = await take(queue, 100);
      for (const delivery of deliveries.slice(0, 10)) await queue.ack([delivery]);
      await queue.ack(deliveries.slice(10));
      await queue.ack([]);
      await statsAre(queue, declared.exactDepth, { depth: 0, unacked: 0 });
      await nothingComes(queue, scaled({ quick: 20, long: declared.redeliveryMs + 1000 }));
      await queue.publish([messageOf('next')]);
      expect(idsOf(await take(queue, 1))).to.deep.equal(['next']);
    },
  },
  {
    id: 'Q21.1',
    title: 'delivers again what was nacked, unchanged, and without it the others',
    timeoutMs: 60_000,
    async run({ open, declared }) {
      const queue = await open();
      await queue.publish(['a', 'b', 'c'].map((id) => messageOf(id)));
      const deliveries = await take(queue, 3);
      const [b] = deliveries.filter(({ key }) => key === 'b');
      await queue.ack(deliveries.filter((delivery) => delivery !== b));
      await queue.nack([b!]);
      const [again] = await take(queue, 1, declared.redeliveryMs + 1000);
      expect([again!.key, again!.body, again!.headers]).to.deep.equal([b!.key, b!.body, b!.headers]);
      await queue.ack([again!]);
      await statsAre(queue, declared.exactDepth, { depth: 0, unacked: 0 });
    },
  },
  {
    id: 'Q21.2',
    title: 'counts the attempts',
    timeoutMs: 60_000,
    async run({ open, declared }) {
      const queue = await open();
      await queue.publish([messageOf('a')]);
      for (const attempt of [1, 2, 3, 4]) {
        const deliveries = await take(queue, 1, declared.redeliveryMs + 1000);
        expect(deliveries[0]!.attempt).to.equal(attempt);
        await queue.nack(deliveries);
      }
    },
  },
  {
    id: 'Q21.3',
    title: 'delivers to another what a disposed consumer held unsettled',
    timeoutMs: 60_000,
    async run({ open, declared }) {
      const [first, second] = [await open(), await open()];
      await first.publish(idsFrom('m', 20).map((id) => messageOf(id)));
      const held = await take(first, 10);
      await first.ack(held.slice(0, 3));
      await first[Symbol.asyncDispose]();
      const expected = new Set(idsFrom('m', 20));
      for (const id of idsOf(held.slice(0, 3))) expected.delete(id);
      const seen = await takeIds(second, expected, declared.redeliveryMs + declared.recoveryMs);
      expect(new Set(seen)).to.deep.equal(expected);
    },
  },
  {
    id: 'Q21.4',
    title: 'takes back into a full queue without blocking',
    timeoutMs: 20_000,
    capacity: 20,
    async run({ open, capacity, declared }) {
      const queue = await open();
      const ids = idsFrom('m', capacity);
      await publishAll(
        queue,
        ids.map((id) => messageOf(id)),
      );
      await queue.nack(await take(queue, capacity));
      await queue.nack([]);
      const seen = idsOf(await take(queue, capacity, declared.redeliveryMs + 5000));
      expect(seen.toSorted()).to.deep.equal(ids.toSorted());
    },
  },
  {
    id: 'Q22.1',
    title: 'settles nothing by an ack or nack of what is settled already',
    timeoutMs: 60_000,
    async run({ open, declared }) {
      const queue = await open();
      await queue.publish(['a', 'b', 'c', 'd'].map((id) => messageOf(id)));
      const deliveries = await take(queue, 4);
      const [a, b, c] = ['a', 'b', 'c'].map((key) => deliveries.filter((delivery) => delivery.key === key));
      await queue.ack(a!);
      await queue.ack([...a!, ...a!]);
      await queue.nack(a!);
      await queue.nack(b!);
      const again = await take(queue, 1, declared.redeliveryMs + 1000);
      expect(idsOf(again)).to.deep.equal(['b']);
      await queue.ack(b!);
      await queue.nack(b!);
      await queue.ack(c!);
      await queue.ack(c!);
      await statsAre(queue, declared.exactDepth, { depth: 2, unacked: 2 });
      await queue.nack([...again, ...deliveries.filter(({ key }) => key === 'd')]);
      expect(idsOf(await take(queue, 2, declared.redeliveryMs + 1000)).toSorted()).to.deep.equal(['b', 'd']);
    },
  },
  {
    id: 'Q22.3',
    title: 'settles by the receipt alone',
    timeoutMs: 10_000,
    async run({ open, declared }) {
      const queue = await open();
      await queue.publish(['a', 'b'].map((id) => messageOf(id)));
      const deliveries = await take(queue, 2);
      const bare = deliveries.map(({ receipt }) => ({ ...messageOf('?'), headers: noHeaders, attempt: 0, receipt }));
      await queue.ack(bare.slice(0, 1));
      await queue.nack(bare.slice(1));
      const again = await take(queue, 1, declared.redeliveryMs + 1000);
      expect(idsOf(again)).to.deep.equal(idsOf(deliveries.slice(1)));
      await queue.ack(again);
      await statsAre(queue, declared.exactDepth, { depth: 0, unacked: 0 });
    },
  },
  {
    id: 'Q23.1',
    title: 'does not skip an open message when later ones are acked',
    timeoutMs: 60_000,
    async run({ open, declared }) {
      const queue = await open();
      const ids = ['1', '2', '3', '4'];
      await queue.publish(ids.map((id) => messageOf(id, 'key')));
      const deliveries = await take(queue, 4);
      const open2 = deliveries.filter((_, i) => idsOf(deliveries)[i] === '2');
      await queue.ack(deliveries.filter((delivery) => delivery !== open2[0]));
      await statsAre(queue, declared.exactDepth, { unacked: 1 });
      await queue.nack(open2);
      expect(idsOf(await take(queue, 1, declared.redeliveryMs + 1000))).to.deep.equal(['2']);
    },
  },
  {
    id: 'Q24.1',
    title: 'delivers bytes that cannot be decoded, with the reason, and goes on',
    timeoutMs: 10_000,
    async run({ open, declared }) {
      const bytes = await open();
      await bytes.publish([{ ...messageOf('bad'), body: Uint8Array.of(0xff, 0x00, 0xfe) }, messageOf('good')]);
      const queue = withCodec(bytes, strictText);
      const bodies: (string | Undecodable)[] = [];
      while (bodies.length < 2) {
        const deliveries = await queue.receive(10);
        bodies.push(...deliveries.map(({ body }) => body));
        await queue.ack(deliveries);
      }
      const undecodable = bodies.find((body) => body instanceof Undecodable);
      expect([...(undecodable?.bytes ?? [])]).to.deep.equal([0xff, 0x00, 0xfe]);
      expect(undecodable?.error).to.be.an.instanceOf(CodedError);
      expect(bodies.filter((body) => typeof body === 'string')).to.deep.equal(['good']);
      await statsAre(bytes, declared.exactDepth, { depth: 0, unacked: 0 });
    },
  },
  {
    id: 'Q25',
    title: 'delivers the same message as often as it is published',
    timeoutMs: 10_000,
    async run({ open, declared }) {
      const queue = await open();
      const message = messageOf('a');
      await queue.publish([message, message]);
      const first = await take(queue, 2, declared.recoveryMs);
      await queue.publish([message]);
      await queue.ack(first);
      await queue.publish([message]);
      expect(idsOf(await take(queue, 2))).to.deep.equal(['a', 'a']);
    },
  },
  {
    id: 'Q30.1',
    title: 'is drained when what it held is settled, and tells every receiver',
    timeoutMs: 10_000,
    async run({ open }) {
      const queue = await open();
      await queue.publish([messageOf('a')]);
      const held = await take(queue, 1);
      queue.close();
      const receivers = [queue.receive(1), queue.receive(1)];
      for (const receiver of receivers) expect(await isPending(receiver)).to.equal(true);
      await queue.ack(held);
      expect(await Promise.all(receivers)).to.deep.equal([[], []]);
      expect(await queue.receive(1)).to.deep.equal([]);
    },
  },
  {
    id: 'Q30.2',
    title: 'drains while it is full, also when told so twice',
    timeoutMs: 20_000,
    capacity: 50,
    async run({ open, capacity }) {
      const queue = await open();
      const ids = idsFrom('m', capacity);
      await publishAll(
        queue,
        ids.map((id) => messageOf(id)),
      );
      const held = await take(queue, 10);
      queue.close();
      queue.close();
      const seen = new Set(idsOf(held));
      const acked = queue.ack(held);
      for (let more = await queue.receive(7); more.length > 0; more = await queue.receive(7)) {
        for (const id of idsOf(more)) seen.add(id);
        await queue.ack(more);
      }
      await acked;
      expect(seen).to.deep.equal(new Set(ids));
    },
  },
  {
    id: 'Q30.3',
    title: 'stops at a deadline with everything that is left counted, and gives it again',
    timeoutMs: 60_000,
    async run({ open, declared }) {
      const queue = await open();
      const ids = idsFrom('m', 30);
      await publishAll(
        queue,
        ids.map((id) => messageOf(id)),
      );
      const held = await take(queue, 10);
      queue.close();
      await queue.ack(held.slice(0, 4));
      await queue.nack(held.slice(4));
      await statsAre(queue, declared.exactDepth, { depth: 26, unacked: 0 });
      const left = new Set(ids);
      for (const id of idsOf(held.slice(0, 4))) left.delete(id);
      expect(new Set(await takeIds(queue, left, declared.redeliveryMs + 5000))).to.deep.equal(left);
    },
  },
  {
    id: 'Q34',
    title: 'answers a ping, and tells its capacity, its depth and the age of the oldest as far as it knows',
    timeoutMs: 20_000,
    async run({ open, declared }) {
      const queue = await open();
      await queue.ping();
      await statsAre(queue, declared.exactDepth, { depth: 0, unacked: 0, oldestMs: null });
      const before = Date.now();
      await queue.publish([messageOf('a'), messageOf('b')]);
      await eventually(declared.exactDepth ? 0 : 5000, async () => {
        const { depth, unacked, capacity, oldestMs } = await queue.stats();
        expect([depth, unacked]).to.deep.equal([2, 0]);
        expect(capacity ?? 2).to.be.at.least(2);
        expect(oldestMs ?? before).to.be.within(before - 1000, Date.now() + 1000);
      });
      const held = await take(queue, 2);
      await statsAre(queue, declared.exactDepth, { depth: 2, unacked: 2 });
      await queue.ack(held);
      await statsAre(queue, declared.exactDepth, { depth: 0, unacked: 0, oldestMs: null });
    },
  },
];

const strictText: Codec<string> = {
  encode: (text) => new TextEncoder().encode(text),
  decode(bytes) {
    try {
      return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
    } catch (error) {
      throw new CodedError('undecodable', 'no UTF-8', { cause: error });
    }
  },
};
