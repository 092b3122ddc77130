import { setTimeout as wait } from 'node:timers/promises';
import { codeOf } from '@product-updates/errors';
import { expect } from 'chai';
import { networkFaults, type NetworkFault } from './faults.ts';
import { Load } from './load.ts';
import { eventually, outcomeOf, rejects, settlesWithin, statsAre } from './observe.ts';

import { scaled } from './scale.ts';
import type { QueueTest, Subject } from './subject.ts';
import { idOf, idsFrom, idsOf, messageOf, nothingComes, take, takeIds } from './traffic.ts';

/** After a time-out, for what happens in this process. */
const MARGIN_MS = 250;
/** Faults under which nothing is answered. */
const silences = ['black hole', 'requests lost', 'answers lost', 'half closed', 'reset mid-frame', 'refused'] as const;

/** What needs a server, a network or a disk that fails: Q8 to Q12, Q20.2, Q22.2, Q24.2, Q27 to Q31. */
export const failing: readonly QueueTest[] = [
  {
    id: 'Q8',
    title: 'is unavailable while the server is gone, and publishes nothing of that later',
    timeoutMs: 60_000,
    async run({ open, fault, declared }) {
      const queue = await open();
      const server = fault('server');
      await server.kill();
      for (const id of idsFrom('lost', 5)) {
        const how = await settlesWithin(declared.timeoutMs + MARGIN_MS, id, queue.publish([messageOf(id)]));
        expect(how, id).to.equal('unavailable');
      }
      await rejects(queue.ping(), 'unavailable', 'ping');
      await server.start();
      await eventually(declared.recoveryMs, () => queue.publish([messageOf('kept')]));
      expect(new Set(await takeIds(queue, ['kept'], declared.recoveryMs))).to.deep.equal(new Set(['kept']));
      await nothingComes(queue, scaled({ quick: 100, long: 2000 }));
    },
  },
  {
    id: 'Q9',
    title: 'settles every call within its time-out, whatever the network or a stopped server does',
    timeoutMs: 120_000,
    async run({ open, fault, declared }) {
      const queue = await open();
      const limitMs = declared.timeoutMs + MARGIN_MS;
      const tryAll = async (what: string): Promise<void> => {
        const calls = [queue.publish([messageOf('m')]), queue.ping(), queue.stats()];
        await Promise.all(calls.map((call, i) => settlesWithin(limitMs, `${what}, call ${i}`, call)));
      };
      for (const name of silences) {
        await fault('network').cause(name);
        await tryAll(name);
        await fault('network').heal();
        await eventually(declared.recoveryMs, () => queue.ping());
      }
      fault('server').pause();
      try {
        await tryAll('stopped');
      } finally {
        fault('server').resume();
      }
      await eventually(declared.recoveryMs, () => queue.ping());
    },
  },
  {
    id: 'Q10',
    title: 'takes a lost confirm for unavailable, never for accepted; publishing again is harmless',
    timeoutMs: 60_000,
    async run({ open, fault, declared }) {
      const queue = await open();
      await fault('network').cause('answers lost');
      await rejects(queue.publish([messageOf('a')]), 'unavailable', 'publish');
      await fault('network').heal();
      await eventually(declared.recoveryMs, () => queue.publish([messageOf('a')]));
      const seen = await takeIds(queue, ['a'], declared.recoveryMs);
      expect(new Set(seen)).to.deep.equal(new Set(['a']));
    },
  },
  {
    id: 'Q11',
    title: 'declares its topology again when that was removed behind its back',
    timeoutMs: 60_000,
    async run({ open, fault, declared }) {
      const queue = await open();
      await queue.publish([messageOf('before')]);
      await fault('removeTopology')();
      await eventually(declared.recoveryMs, async () => {
        const outcome = await outcomeOf(queue.publish([messageOf('after')]));
        if (outcome.ok) return;
        expect(codeOf(outcome.error), String(outcome.error)).to.equal('unavailable');
        throw outcome.error;
      });
      await eventually(declared.recoveryMs, () => takeIds(queue, ['after'], 2000));
    },
  },
  {
    id: 'Q12',
    title: 'is full or unavailable while the server can store nothing, and works again without our restart',
    timeoutMs: 120_000,
    async run({ open, fault, declared }) {
      const queue = await open();
      await queue.publish([messageOf('before')]);
      await fault('storage').fill();
      await eventually(declared.recoveryMs, async () => {
        const outcome = await outcomeOf(queue.publish([messageOf('during')]));
        if (outcome.ok) throw new Error('it still stores');
        expect(codeOf(outcome.error), String(outcome.error)).to.be.oneOf(['full', 'unavailable']);
      });
      await fault('storage').free();
      await eventually(declared.recoveryMs, () => queue.publish([messageOf('after')]));
      await takeIds(queue, ['before', 'after'], declared.recoveryMs);
    },
  },
  {
    id: 'Q20.2',
    title: 'leaves nothing on the server when everything is settled',
    timeoutMs: 60_000,
    async run({ open, fault, declared }) {
      const queue = await open();
      for (const id of idsFrom('m', 20)) await queue.publish([messageOf(id)]);
      const deliveries = await take(queue, 20);
      await queue.nack(deliveries.slice(10));
      await queue.ack(deliveries.slice(0, 10));
      await queue.ack(await take(queue, 10, declared.redeliveryMs + 1000));
      await eventually(declared.recoveryMs, async () => expect(await fault('residue')()).to.equal(0));
    },
  },
  {
    id: 'Q22.2',
    title: 'settles nothing else by an ack on a dead connection or after another has taken over',
    timeoutMs: 120_000,
    async run({ open, fault, declared }) {
      const queue = await open();
      await queue.publish(idsFrom('m', 10).map((id) => messageOf(id)));
      const stale = await take(queue, 10);
      await fault('network').cause('refused');
      await settlesWithin(declared.timeoutMs + MARGIN_MS, 'ack while refused', queue.ack(stale.slice(0, 1)));
      await fault('network').heal();
      await eventually(declared.recoveryMs, () => queue.ping());
      const open9 = new Set(idsOf(stale.slice(1)));
      const other = await open();
      const signal = AbortSignal.timeout(declared.redeliveryMs + declared.recoveryMs);
      const again = await Promise.race([other.receive(10, { signal }), queue.receive(10, { signal })]);
      expect(again.length).to.be.above(0);
      await outcomeOf(queue.ack(stale.slice(0, 1)));
      for (const delivery of again) open9.delete(idOf(delivery));
      await takeIds(other, open9, declared.redeliveryMs + declared.recoveryMs);
    },
  },
  {
    id: 'Q24.2',
    title: 'delivers what a stranger put into it, and goes on',
    timeoutMs: 60_000,
    async run({ open, fault, declared }) {
      const queue = await open();
      await fault('stranger')(Uint8Array.of(0xff, 0x00));
      await queue.publish([messageOf('ours')]);
      const deliveries = await take(queue, 2, declared.recoveryMs);
      const bodies = deliveries.map(({ body }) => Buffer.from(body).toString('hex'));
      expect(bodies.toSorted()).to.deep.equal([Buffer.from('ours').toString('hex'), 'ff00'].toSorted());
      const kinds = deliveries.map(({ key, headers }) => [typeof key, typeof headers]);
      expect(kinds).to.deep.equal([
        ['string', 'object'],
        ['string', 'object'],
      ]);
      await queue.ack(deliveries);
      await statsAre(queue, declared.exactDepth, { depth: 0, unacked: 0 });
    },
  },
  {
    id: 'Q27',
    title: 'loses nothing while the server is killed and started again under load, and goes on by itself',
    timeoutMs: 600_000,
    async run({ openMany, fault, declared }) {
      const load = new Load(await openMany(2), await openMany(2));
      for (let round = scaled({ quick: 2, long: 20 }); round > 0; round--) {
        await load.progress(declared.recoveryMs);
        await fault('server').kill();
        await eventually(declared.recoveryMs, async () => expect(load.unavailable).to.be.above(0));
        await fault('server').start();
        await load.progress(declared.recoveryMs);
      }
      await load.finish(declared.redeliveryMs + declared.recoveryMs);
    },
  },
  {
    id: 'Q28.1',
    title: 'loses nothing and hangs nowhere, whatever the network does under load',
    timeoutMs: 600_000,
    async run({ openMany, fault, declared }) {
      const load = new Load(await openMany(2), await openMany(2));
      for (const name of networkFaults) {
        for (let round = scaled({ quick: 1, long: 10 }); round > 0; round--) {
          await load.progress(declared.recoveryMs);
          await fault('network').cause(name);
          await wait(scaled({ quick: 50, long: declared.timeoutMs + MARGIN_MS }));
          await fault('network').heal();
          await load.progress(declared.timeoutMs + declared.recoveryMs);
        }
      }
      await load.finish(declared.redeliveryMs + declared.recoveryMs);
    },
  },
  {
    id: 'Q28.2',
    title: 'connects, and wakes from idling, whatever the network did meanwhile',
    timeoutMs: 300_000,
    async run(subject) {
      for (const name of networkFaults) await surviveWhileIdle(subject, name);
    },
  },
  {
    id: 'Q29',
    title: 'holds no more after many disconnects than before',
    timeoutMs: 300_000,
    async run({ open, fault, declared }) {
      const queue = await open();
      const abort = new AbortController();
      const waiting = outcomeOf(queue.receive(1, { signal: abort.signal }));
      await queue.ping();
      const before = await fault('held')();
      for (let round = scaled({ quick: 10, long: 100 }); round > 0; round--) {
        await fault('network').cause('refused');
        await outcomeOf(queue.ping());
        await fault('network').heal();
        await eventually(declared.recoveryMs, () => queue.ping());
      }
      abort.abort();
      await waiting;
      await eventually(declared.recoveryMs, async () => expect(await fault('held')()).to.be.at.most(before));
    },
  },
  {
    id: 'Q30.4',
    title: 'ends in time while the server is gone or stopped',
    timeoutMs: 60_000,
    async run({ openMany, fault, declared }) {
      const [first, second] = await openMany(2);
      const limitMs = declared.timeoutMs + MARGIN_MS;
      fault('server').pause();
      first!.close();
      await settlesWithin(limitMs, 'dispose while stopped', Promise.resolve(first![Symbol.asyncDispose]()));
      fault('server').resume();
      await fault('server').kill();
      second!.close();
      await settlesWithin(limitMs, 'dispose while gone', Promise.resolve(second![Symbol.asyncDispose]()));
      await settlesWithin(limitMs, 'dispose again', Promise.resolve(second![Symbol.asyncDispose]()));
      await fault('server').start();
    },
  },
  {
    id: 'Q31.1',
    title: 'does not open an unsafe server, says why, and never a password',
    timeoutMs: 60_000,
    async run({ refusals }) {
      for (const { name, open, says, password } of refusals()) {
        const error = await rejects(open(), 'misconfigured', name);
        expect(error.message, name).to.match(says);
        if (password !== undefined) expect(`${error.stack}${String(error.cause)}`, name).to.not.contain(password);
      }
    },
  },
  {
    id: 'Q31.2',
    title: 'makes one topology when four open it at once',
    timeoutMs: 60_000,
    async run({ openMany, declared }) {
      const queues = await openMany(4);
      const ids = idsFrom('m', 40);
      await Promise.all(
        queues.map((queue, i) => queue.publish(ids.filter((_, n) => n % 4 === i).map((id) => messageOf(id)))),
      );
      const seen = await takeIds(queues[0]!, ids, declared.recoveryMs);
      expect(seen.toSorted()).to.deep.equal(ids.toSorted());
    },
  },
];

async function surviveWhileIdle({ open, fault, declared }: Subject, name: NetworkFault): Promise<void> {
  const idle = await open();
  await fault('network').cause(name);
  const opened = open(); // it may wait for the network or be refused as unavailable, and must not hang
  const late = await outcomeOf(Promise.race([opened, wait(declared.timeoutMs + MARGIN_MS)]));
  if (!late.ok) expect(codeOf(late.error), `${name}: ${String(late.error)}`).to.equal('unavailable');
  await fault('network').heal();
  await outcomeOf(opened);
  await eventually(declared.recoveryMs, () => idle.publish([messageOf(name)]));
  await takeIds(idle, [name], declared.recoveryMs);
  await idle[Symbol.asyncDispose]();
}
