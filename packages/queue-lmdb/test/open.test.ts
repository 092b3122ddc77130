import { join } from 'node:path';
import { openEnvironment } from '@product-updates/lmdb';
import { noHeaders, systemClock, Undecodable } from '@product-updates/queue';
import { eventually, forkQueue, rejects } from '@product-updates/queue/contract';
import { expect } from 'chai';
import { openLmdbQueue } from '../src/index.ts';
import { blockOf, bytesCodec, messagesOf, openBytes, textsOf, urlOf } from './bytes.ts';
import { fillerOf } from './filler.ts';
import { changeTables, temporaryFolder, type TemporaryFolder } from './folder.ts';

describe('openLmdbQueue', () => {
  let folder: TemporaryFolder;
  beforeEach(async () => {
    folder = await temporaryFolder();
  });
  afterEach(() => folder[Symbol.asyncDispose]());

  const refused: Readonly<Record<string, RegExp>> = {
    'lmdb:x?capacty=1': /unknown option "capacty"; known: capacity, maxBytes, memoryBytes/,
    'lmdb:x?capacity=0': /from 1 to 10000000/,
    'lmdb:x?maxBytes=1000': /from 1048576/,
    'lmdb://data/queue': /without a host/,
    'lmdb:': /names no folder/,
    'lmdb:x#y': /names no folder/,
    'lmdb:x%ff': /names no folder/,
    'lmdb:/dev/null/queue': /null/,
  };
  for (const [url, says] of Object.entries(refused)) {
    it(`refuses ${url}`, async () => {
      const error = await rejects(openBytes(new URL(url)), 'misconfigured', url);
      expect(error.message).to.match(says);
    });
  }

  it('opens a folder that it makes, with whatever is in its name, and says what it is', async () => {
    const path = join(folder.path, 'my queue', 'ü%');
    const { queue, durability, description } = await openBytes(new URL(`lmdb:${encodeURI(path)}?capacity=7`));
    expect({ durability, description }).to.deep.equal({
      durability: 'disk',
      description: `lmdb ${path}, at most 7 messages`,
    });
    expect(await queue.stats()).to.deep.equal({ depth: 0, capacity: 7, unacked: 0, oldestMs: null });
    await queue[Symbol.asyncDispose]();
  });

  it('refuses a second process, and the same folder twice in one', async () => {
    const url = urlOf(folder.path);
    const { queue } = await openBytes(url);
    await rejects(openBytes(url), 'misconfigured', 'the second in this process');
    const module = new URL('process.ts', import.meta.url);
    const refusal = await rejects(forkQueue({ module, args: [url.href] }), 'misconfigured', 'another process');
    expect(refusal.message).to.contain('another process');
    await queue[Symbol.asyncDispose]();
    const fork = await forkQueue({ module, args: [url.href] });
    await rejects(openBytes(url), 'misconfigured', 'while the other one has it');
    await fork.kill();
    const { queue: after } = await eventually(2000, () => openBytes(url));
    await after[Symbol.asyncDispose]();
  }).timeout(20_000);

  it('refuses what a newer version has written', async () => {
    const step = (): void => undefined;
    const newer = { part: 'queue', format: 3, migrations: { 1: step, 2: step }, maxBytes: 2 ** 24 };
    await (await openEnvironment(folder.path, newer))[Symbol.asyncDispose]();
    const error = await rejects(openBytes(urlOf(folder.path)), 'misconfigured', 'open');
    expect(error.message).to.match(/newer version/);
  });

  it('takes over what format 1 holds, which is then refused to those who know no other', async () => {
    const old = { part: 'queue', format: 1, migrations: {}, maxBytes: 2 ** 24 };
    const environment = await openEnvironment(folder.path, old);
    const blocks = environment.numberedTable('blocks');
    await environment.write(() => blocks.put(1, blockOf('a', 'b')));
    await environment[Symbol.asyncDispose]();
    const { queue } = await openBytes(urlOf(folder.path));
    expect(textsOf(await queue.receive(9))).to.deep.equal(['a', 'b']);
    await queue[Symbol.asyncDispose]();
    const error = await rejects(openEnvironment(folder.path, old), 'misconfigured', 'format 1');
    expect(error.message).to.match(/newer version \(format 2 of queue/);
  });

  it('is full after it was opened with less capacity than it holds, until it holds less', async () => {
    const { queue } = await openBytes(urlOf(folder.path, { capacity: 5 }));
    await queue.publish(messagesOf('a', 'b', 'c', 'd', 'e'));
    await queue[Symbol.asyncDispose]();
    const { queue: smaller } = await openBytes(urlOf(folder.path, { capacity: 3 }));
    expect(await smaller.stats()).to.include({ depth: 5, capacity: 3 });
    const deliveries = await smaller.receive(3);
    await smaller.ack(deliveries.slice(0, 2));
    await rejects(smaller.publish(messagesOf('f')), 'full', 'while it holds three');
    await smaller.ack(deliveries.slice(2));
    await smaller.publish(messagesOf('f'));
    expect(textsOf(await smaller.receive(5))).to.deep.equal(['d', 'e', 'f']);
    await smaller[Symbol.asyncDispose]();
  });

  it('leaves nothing in the file when everything is settled', async () => {
    const { queue } = await openBytes(urlOf(folder.path));
    await queue.publish(messagesOf('a', 'b', 'c'));
    await queue.publish(messagesOf('d'));
    const [a, b, c, d] = await queue.receive(4);
    await queue.ack([b!]);
    await queue.ack([a!, d!]);
    await queue.ack([c!]);
    await queue[Symbol.asyncDispose]();
    await changeTables(folder.path, ({ blocks, records }) => {
      expect([blocks.count(), records.count()]).to.deep.equal([0, 0]);
    });
  });

  it('acks, and so makes room, while the folder is full', async () => {
    const maxBytes = 2 ** 21;
    const { queue } = await openBytes(urlOf(folder.path, { maxBytes }));
    await queue.publish(messagesOf('a', 'b', 'c'));
    const deliveries = await queue.receive(3);
    const storage = fillerOf(folder.path, maxBytes);
    await storage.fill();
    await rejects(queue.publish(messagesOf('d')), 'full', 'publish');
    await queue.ack(deliveries.slice(0, 1));
    await queue.ack(deliveries.slice(1));
    expect(await queue.stats()).to.include({ depth: 0 });
    await storage.free();
    await queue.publish(messagesOf('d'));
    await queue[Symbol.asyncDispose]();
  });

  it('keeps the time of the oldest over a restart', async () => {
    let nowMs = 1000;
    const clock = { ...systemClock, now: () => nowMs };
    const open = () => openLmdbQueue(urlOf(folder.path), { codec: bytesCodec, clock });
    const { queue } = await open();
    await queue.publish(messagesOf('a'));
    nowMs = 2000;
    await queue.publish(messagesOf('b'));
    await queue[Symbol.asyncDispose]();
    nowMs = 3000;
    await using again = (await open()).queue;
    expect((await again.stats()).oldestMs).to.equal(1000);
    await again.ack(await again.receive(1));
    expect((await again.stats()).oldestMs).to.equal(2000);
  });

  it('refuses what it cannot carry, with all that came with it', async () => {
    const { queue } = await openBytes(urlOf(folder.path));
    const [good] = messagesOf('good');
    const bad = [
      { ...good!, key: 'ü'.repeat(257) },
      { ...good!, headers: { long: 'x'.repeat(65_536) } },
      { ...good!, body: new Undecodable(new Uint8Array(1), 'why') as unknown as Uint8Array },
    ];
    for (const one of bad) await rejects(queue.publish([good!, one]), 'invalid', 'publish');
    expect(await queue.stats()).to.include({ depth: 0 });
    await queue.publish([{ ...good!, key: 'ü'.repeat(256), headers: { long: 'x'.repeat(65_000) } }]);
    const [delivery] = await queue.receive(1);
    expect([delivery!.key.length, delivery!.headers['long']!.length]).to.deep.equal([256, 65_000]);
    await queue[Symbol.asyncDispose]();
  });

  it('delivers as undecodable, with a copy of the bytes, what its codec cannot read after a restart', async () => {
    const { queue } = await openBytes(urlOf(folder.path));
    await queue.publish([{ key: 'k', body: Uint8Array.of(255), headers: noHeaders }]);
    await queue[Symbol.asyncDispose]();
    const decode = (): never => {
      throw new Error('no');
    };
    const context = { codec: { ...bytesCodec, decode }, clock: systemClock };
    await using again = (await openLmdbQueue(urlOf(folder.path), context)).queue;
    const [delivery] = await again.receive(1);
    expect(delivery!.body).to.be.an.instanceOf(Undecodable);
    expect((delivery!.body as unknown as Undecodable).bytes.buffer.byteLength).to.equal(1);
  });

  it('refuses receivers, acks and publishes once it is disposed, and keeps what it held', async () => {
    const { queue } = await openBytes(urlOf(folder.path));
    await queue.publish(messagesOf('a', 'b'));
    const held = await queue.receive(2);
    const waiting = queue.receive(1);
    const publishing = queue.publish(messagesOf('c'));
    const acking = queue.ack(held.slice(0, 1));
    const disposed = queue[Symbol.asyncDispose]();
    await rejects(waiting, 'closed', 'the receive that waited');
    await Promise.all([publishing, acking, disposed]);
    await rejects(queue.receive(1), 'closed', 'a receive');
    await rejects(queue.ack(held), 'closed', 'an ack');
    await rejects(queue.publish(held), 'closed', 'a publish');
    await rejects(queue.ping(), 'closed', 'a ping');
    await queue.nack(held);
    expect(await queue.stats()).to.include({ depth: 2 });
    const { queue: again } = await openBytes(urlOf(folder.path));
    const left = await again.receive(5);
    expect(textsOf(left)).to.deep.equal(['b', 'c']);
    expect(left.map(({ attempt }) => attempt)).to.deep.equal([1, 1]);
    await again.ack(left);
    await again[Symbol.asyncDispose]();
    expect(await again.receive(1)).to.deep.equal([]);
  });
});
