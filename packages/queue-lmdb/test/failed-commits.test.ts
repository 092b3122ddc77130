import { setImmediate } from 'node:timers/promises';
import { codeOf } from '@product-updates/errors';
import { systemClock, type Queue } from '@product-updates/queue';
import { rejects } from '@product-updates/queue/contract';
import { expect } from 'chai';
import { createLmdbQueue } from '../src/queue.ts';
import { bytesCodec, messagesOf, openBytes, textsOf, urlOf } from './bytes.ts';
import { openFaulty, type FaultyEnvironment } from './faulty-environment.ts';
import { temporaryFolder, type TemporaryFolder } from './folder.ts';

const lostAnswer = { code: 'unavailable', written: true } as const;
const failed = { code: 'unavailable', written: false } as const;

describe('a queue whose commits fail', () => {
  let folder: TemporaryFolder;
  let environment: FaultyEnvironment;
  let queue: Queue<Uint8Array>;
  beforeEach(async () => {
    folder = await temporaryFolder();
    environment = await openFaulty(folder.path);
    queue = await queueOn(environment);
  });
  afterEach(async () => {
    await queue[Symbol.asyncDispose]();
    await folder[Symbol.asyncDispose]();
  });

  for (const fault of [lostAnswer, failed]) {
    it(`does not hand out what it has refused, ${fault.written ? 'written' : 'not written'}, and gives its room back`, async () => {
      environment.fail(fault);
      const together = [queue.publish(messagesOf('a', 'b')), queue.publish(messagesOf('c'))];
      for (const publish of together) await rejects(publish, 'unavailable', 'a publish');
      expect(await queue.stats()).to.include({ depth: 0, oldestMs: null });
      await queue.publish(messagesOf('d', 'e', 'f')); // all the room there is
      await queue.publish(messagesOf('g')).catch((error: unknown) => expect(codeOf(error)).to.equal('full'));
      expect(textsOf(await queue.receive(10))).to.deep.equal(['d', 'e', 'f']);
    });
  }

  it('delivers after a crash what may have been written, and counts it', async () => {
    environment.fail(lostAnswer);
    await rejects(queue.publish(messagesOf('a', 'b')), 'unavailable', 'the publish');
    const { queue: again } = await openBytes(urlOf(await folder.copy(), { capacity: 2 }));
    expect(await again.stats()).to.include({ depth: 2 });
    expect(textsOf(await again.receive(10))).to.deep.equal(['a', 'b']);
    await again[Symbol.asyncDispose]();
  });

  it('removes what may have been written with the next publish', async () => {
    environment.fail(lostAnswer);
    await rejects(queue.publish(messagesOf('a')), 'unavailable', 'the publish');
    await queue.publish(messagesOf('b'));
    const { queue: again } = await openBytes(urlOf(await folder.copy()));
    expect(textsOf(await again.receive(10))).to.deep.equal(['b']);
    await again[Symbol.asyncDispose]();
  });

  it('does not read what may have been written from the file either', async () => {
    await queue[Symbol.asyncDispose]();
    const first = await openBytes(urlOf(folder.path));
    await first.queue.publish(messagesOf('a')); // waits in the file alone once it is opened again
    await first.queue[Symbol.asyncDispose]();
    environment = await openFaulty(folder.path);
    queue = await queueOn(environment);
    environment.fail(lostAnswer);
    await rejects(queue.publish(messagesOf('b')), 'unavailable', 'the publish');
    environment.fail({ code: 'full', written: false });
    await rejects(queue.publish(messagesOf('c')), 'full', 'the next one');
    await queue.publish(messagesOf('d'));
    expect(textsOf(await queue.receive(10))).to.deep.equal(['a', 'd']);
  });

  it('does not read what may have been written between what was', async () => {
    await queue[Symbol.asyncDispose]();
    environment = await openFaulty(folder.path);
    queue = await queueOn(environment, 9);
    const large = messagesOf('a', 'b', 'c').map((message) => ({ ...message, body: new Uint8Array(2 ** 20) }));
    await queue.publish(large); // so that what follows waits in the file alone
    const { promise, open } = gate();
    environment.fail({ ...lostAnswer, until: promise });
    const refused = rejects(queue.publish(messagesOf('d')), 'unavailable', 'the publish');
    await setImmediate();
    await queue.publish(messagesOf('e'));
    open();
    await refused;
    expect(await queue.stats()).to.include({ depth: 4 });
    expect((await queue.receive(9)).map(({ key }) => key)).to.deep.equal(['a', 'b', 'c', 'e']);
  });

  it('forgets an ack that failed, though its neighbours were acked since', async () => {
    await queue.publish(messagesOf('a', 'b', 'c'));
    const [a, b] = await queue.receive(2);
    environment.fail(failed);
    await rejects(queue.ack([a!]), 'unavailable', 'the ack');
    await queue.ack([b!]);
    const { queue: again } = await openBytes(urlOf(await folder.copy()));
    expect(textsOf(await again.receive(3))).to.deep.equal(['a', 'c']);
    await again[Symbol.asyncDispose]();
  });

  it('does not answer a repeated ack before the first one is on disk', async () => {
    await queue.publish(messagesOf('a'));
    const held = await queue.receive(1);
    const { promise, open } = gate();
    environment.fail({ written: true, until: promise });
    const first = queue.ack(held);
    await setImmediate();
    const second = queue.ack(held);
    expect(await Promise.race([second, setImmediate('pending')])).to.equal('pending');
    open();
    await Promise.all([first, second]);
    expect(await queue.stats()).to.include({ depth: 0, unacked: 0 });
  });

  for (const fault of [lostAnswer, failed, { code: 'full', written: false } as const]) {
    it(`holds on to what could not be acked (${fault.code}, ${fault.written ? 'written' : 'not written'})`, async () => {
      await queue.publish(messagesOf('a', 'b', 'c'));
      const held = await queue.receive(10);
      environment.fail(fault);
      const acks = [queue.ack(held.slice(0, 1)), queue.ack(held.slice(0, 2))];
      for (const ack of acks) await rejects(ack, 'unavailable', 'an ack');
      expect(await queue.stats()).to.include({ depth: 3, unacked: 3 });
      await queue.ack(held.slice(0, 1));
      await queue.nack(held.slice(1, 2));
      expect(textsOf(await queue.receive(10))).to.deep.equal(['b']);
      expect(await queue.stats()).to.include({ depth: 2, unacked: 2 });
    });
  }

  it('settles what an ack is repeated for, also while the first is under way', async () => {
    await queue.publish(messagesOf('a', 'b'));
    const [a, b] = await queue.receive(10);
    const first = queue.ack([a!]);
    await queue.ack([a!, b!]);
    expect(await queue.stats()).to.include({ depth: 0, unacked: 0 });
    await first;
  });

  it('opens on a full disk, and counts a crash then later', async () => {
    await queue.publish(messagesOf('a'));
    await queue.receive(1);
    const crashed = await openFaulty(await folder.copy());
    crashed.fail({ code: 'full', written: false });
    await using again = await queueOn(crashed);
    const [delivery] = await again.receive(1);
    expect(delivery!.attempt).to.equal(1);
    const { queue: later } = await openBytes(urlOf(await folder.copy()));
    expect((await later.receive(1))[0]!.attempt).to.equal(2);
    await later[Symbol.asyncDispose]();
  });

  it('does not open where it cannot begin a life', async () => {
    const broken = await openFaulty(await folder.copy());
    broken.fail(failed);
    await rejects(queueOn(broken), 'unavailable', 'open');
    await broken[Symbol.asyncDispose]();
  });
});

function gate(): { readonly promise: Promise<void>; readonly open: () => void } {
  let open = (): void => undefined;
  const promise = new Promise<void>((resolve) => {
    open = resolve;
  });
  return { promise, open: () => open() };
}

async function queueOn(environment: FaultyEnvironment, capacity = 3): Promise<Queue<Uint8Array>> {
  const queue = await createLmdbQueue({
    environment,
    codec: bytesCodec,
    clock: systemClock,
    capacity,
    memoryBytes: 2 ** 21,
  });
  return queue as Queue<Uint8Array>;
}
