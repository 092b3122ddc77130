import { codeOf } from '@product-updates/errors';
import { expect } from 'chai';
import type { Message } from '../src/index.ts';
import { bytesInUse, eventually, outcomeOf, rejects, statsAre } from './observe.ts';
import { scaled } from './scale.ts';
import type { QueueTest } from './subject.ts';
import { chunksOf, idOf, idsFrom, idsOf, messageOf, publishAll, startWorkers, take, takeIds } from './traffic.ts';

/** Q1 to Q7 and Q13: publishing where nothing fails. */
export const publishing: readonly QueueTest[] = [
  {
    id: 'Q1',
    title: 'delivers every accepted message to 4 workers, from 5 publishers, and nothing that was not sent',
    timeoutMs: 60_000,
    async run({ open, openMany }) {
      const each = scaled({ quick: 400, long: 2000 });
      const publishers = await openMany(5);
      const seen = new Set<string>();
      const queue = await open();
      await using workers = startWorkers(queue, {
        lanes: 4,
        work: (batch) => {
          for (const delivery of batch) seen.add(idOf(delivery));
        },
      });
      const sent = publishers.map((_, p) => idsFrom(`p${p}-`, each));
      await Promise.all(
        publishers.map((publisher, p) =>
          publishAll(
            publisher,
            sent[p]!.map((id, i) => messageOf(id, `key-${i % 50}`)),
          ),
        ),
      );
      await workers.drain();
      expect([...seen].toSorted()).to.deep.equal(sent.flat().toSorted());
    },
  },
  {
    id: 'Q3.1',
    title: 'delivers in the order of publishing, within one publish and from one to the next',
    timeoutMs: 5000,
    async run({ open }) {
      const queue = await open();
      const ids = idsFrom('m', 200);
      for (const part of chunksOf(ids, 7)) await queue.publish(part.map((id) => messageOf(id, 'key')));
      expect(idsOf(await take(queue, 200))).to.deep.equal(ids);
    },
  },
  {
    id: 'Q3.2',
    title: 'takes none of a publish that does not fit, and those that do fit afterwards',
    timeoutMs: 5000,
    capacity: 10,
    async run({ open, declared }) {
      const queue = await open();
      await queue.publish(idsFrom('a', 8).map((id) => messageOf(id)));
      await rejects(queue.publish(idsFrom('b', 3).map((id) => messageOf(id))), 'full', 'three where two fit');
      await statsAre(queue, declared.exactDepth, { depth: 8 });
      await queue.publish(idsFrom('c', 2).map((id) => messageOf(id)));
      await rejects(queue.publish([messageOf('d')]), 'full', 'one where none fits');
      const taken = idsOf(await take(queue, 10)).toSorted();
      expect(taken).to.deep.equal([...idsFrom('a', 8), ...idsFrom('c', 2)].toSorted());
    },
  },
  {
    id: 'Q3.3',
    title: 'refuses as full what can never fit, and goes on',
    timeoutMs: 5000,
    capacity: 10,
    async run({ open, capacity, declared }) {
      const queue = await open();
      const tooMany = capacity + declared.overshoot + 1;
      await rejects(queue.publish(idsFrom('a', tooMany).map((id) => messageOf(id))), 'full', 'more than the capacity');
      await eventually(declared.recoveryMs, () => queue.publish([messageOf('b')]));
      await takeIds(queue, ['b']);
    },
  },
  {
    id: 'Q3.4',
    title: 'takes an empty publish for what it is',
    timeoutMs: 5000,
    async run({ open, declared }) {
      const queue = await open();
      await queue.publish([]);
      await statsAre(queue, declared.exactDepth, { depth: 0 });
    },
  },
  {
    id: 'Q4',
    title: 'carries key, body and headers unchanged, whatever is in them',
    timeoutMs: 10_000,
    async run({ open }) {
      const queue = await open();
      const messages = [...oddBodies().map(withBody), ...oddKeys().map(withKey), withHeaders()];
      await publishAll(queue, messages, 5);
      const deliveries = await take(queue, messages.length);
      const sent = messages.map(asText).toSorted();
      expect(deliveries.map(asText).toSorted()).to.deep.equal(sent);
    },
  },
  {
    id: 'Q5',
    title: 'refuses a body that is too large before it is sent, with all that came with it, and goes on',
    timeoutMs: 10_000,
    async run({ open, declared }) {
      const queue = await open();
      const largest = { ...messageOf('largest'), body: new Uint8Array(declared.maxBodyBytes).fill(120) };
      const tooLarge = { ...messageOf('too large'), body: new Uint8Array(declared.maxBodyBytes + 1).fill(120) };
      await rejects(queue.publish([messageOf('before'), tooLarge]), 'invalid', 'a body of one byte too many');
      await queue.publish([largest]);
      await queue.publish([messageOf('after')]);
      const sizes = (await take(queue, 2)).map(({ body }) => body.length);
      expect(sizes).to.have.members([declared.maxBodyBytes, 5]);
    },
  },
  {
    id: 'Q6',
    title: 'refuses what exceeds the capacity, evicts nothing, and takes more once there is room',
    timeoutMs: 20_000,
    capacity: 50,
    async run({ open, capacity, declared }) {
      const queue = await open();
      const accepted: string[] = [];
      for (const id of idsFrom('m', 3 * capacity)) {
        const outcome = await outcomeOf(queue.publish([messageOf(id)]));
        if (outcome.ok) accepted.push(id);
        else expect(codeOf(outcome.error), String(outcome.error)).to.equal('full');
        expect((await queue.stats()).depth).to.be.at.most(capacity + declared.overshoot);
      }
      expect(accepted.length).to.be.within(capacity, capacity + declared.overshoot);
      const batch = await take(queue, 10 + declared.overshoot);
      await queue.ack(batch);
      await eventually(declared.recoveryMs, () => queue.publish([messageOf('again')]));
      const taken = [...idsOf(batch), ...(await takeIds(queue, [...accepted.slice(batch.length), 'again']))];
      expect(new Set(taken)).to.deep.equal(new Set([...accepted, 'again']));
    },
  },
  {
    id: 'Q7',
    title: 'does not grow with the load it refuses',
    timeoutMs: 60_000,
    capacity: 1000,
    async run({ open, capacity }) {
      const queue = await open();
      const kilobyte = (id: string): Message<Uint8Array> => ({ ...messageOf(id), body: new Uint8Array(1024) });
      const before = await bytesInUse();
      const rounds = scaled({ quick: 10, long: 100 });
      let refused = 0;
      for (let round = 0; round < rounds; round++) {
        const publishes = idsFrom(`${round}-`, capacity).map((id) => outcomeOf(queue.publish([kilobyte(id)])));
        refused += (await Promise.all(publishes)).filter(({ ok }) => !ok).length;
      }
      expect(refused).to.be.above((rounds - 3) * capacity);
      expect((await bytesInUse()) - before).to.be.below(2 * capacity * 1024 + 16 * 2 ** 20);
    },
  },
  {
    id: 'Q13',
    title: 'is closed after close, gives the rest, and may be disposed twice',
    timeoutMs: 5000,
    async run({ open }) {
      const queue = await open();
      await queue.publish([messageOf('a')]);
      queue.close();
      queue.close();
      await rejects(queue.publish([messageOf('b')]), 'closed', 'publish after close');
      const deliveries = await take(queue, 1);
      await queue.ack(deliveries);
      expect(await queue.receive(1)).to.deep.equal([]);
      await queue[Symbol.asyncDispose]();
      await queue[Symbol.asyncDispose]();
      await rejects(queue.publish([messageOf('c')]), 'closed', 'publish after dispose');
    },
  },
];

function oddBodies(): Uint8Array[] {
  const texts = [
    '',
    '{"price":0.1,"stock":9007199254740991}',
    '9999999999.9999',
    'schön 🛒 日本',
    '\u2028\u2029\u0000',
  ];
  const everyByte = Uint8Array.from({ length: 256 }, (_, i) => i);
  const large = Uint8Array.from({ length: 64 * 1024 }, (_, i) => i * 31);
  return [...texts.map((text) => new TextEncoder().encode(text)), everyByte, large];
}

function oddKeys(): string[] {
  const odd = [
    'a b',
    ' ',
    '.',
    '*',
    '>',
    'a/b',
    'a:b',
    '{a}',
    '#',
    '%20',
    "'",
    '"',
    '__proto__',
    'a,b;c',
    '🗝',
    'ä\u2028',
  ];
  return [...odd, 'k'.repeat(512), 'ü'.repeat(256)];
}

function withBody(body: Uint8Array, i: number): Message<Uint8Array> {
  return { ...messageOf(`body ${i}`), body };
}

function withKey(key: string): Message<Uint8Array> {
  return messageOf(`of ${key}`, key);
}

function withHeaders(): Message<Uint8Array> {
  return {
    ...messageOf('with headers'),
    headers: { traceparent: '00-0af7651916cd43dd-b7ad6b71-01', tracestate: 'a=ü' },
  };
}

function asText({ key, body, headers }: Message<Uint8Array>): string {
  return JSON.stringify([key, Object.entries(headers).map(String).toSorted(), Buffer.from(body).toString('base64')]);
}
