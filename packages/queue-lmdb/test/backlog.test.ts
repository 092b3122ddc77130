import { setImmediate } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { noHeaders, systemClock, type Message, type Queue } from '@product-updates/queue';
import { rejects, scaled } from '@product-updates/queue/contract';
import { expect } from 'chai';
import { createLmdbQueue } from '../src/queue.ts';
import { bytesCodec, openBytes, textsOf, urlOf } from './bytes.ts';
import { openFaulty } from './faulty-environment.ts';
import { temporaryFolder } from './folder.ts';

const MiB = 2 ** 20;

describe('a backlog', () => {
  it('costs the heap next to nothing, comes out in order, and is found again', async () => {
    await using folder = await temporaryFolder();
    const count = scaled({ quick: 50_000, long: 1_000_000 });
    const url = urlOf(folder.path, { capacity: count });
    const { queue } = await openBytes(url);
    const before = await bytesInUse();
    for (let id = 0; id < count; id += 500) await queue.publish(numbered(id, 500));
    expect((await bytesInUse()) - before, 'bytes for what waits').to.be.below(16 * MiB);
    await expectNumbers(queue, 0, count / 2);
    await queue[Symbol.asyncDispose]();
    const { queue: again } = await openBytes(url);
    expect(await again.stats()).to.include({ depth: count / 2, unacked: 0 });
    expect((await bytesInUse()) - before, 'bytes for what waits, opened again').to.be.below(16 * MiB);
    await expectNumbers(again, count / 2, count);
    await again[Symbol.asyncDispose]();
  }).timeout(scaled({ quick: 60_000, long: 600_000 }));

  it('keeps nothing of what was acked, however long its neighbours are held', async () => {
    await using folder = await temporaryFolder();
    const { queue } = await openBytes(urlOf(folder.path));
    const before = await bytesInUse();
    for (let round = 0; round < 20; round++) {
      await queue.publish(kilobytes(1000));
      const deliveries = await queue.receive(1000);
      await queue.ack(deliveries.filter((_, i) => i % 50 > 0));
    }
    expect(await queue.stats()).to.include({ unacked: 400 });
    expect((await bytesInUse()) - before, 'bytes for what is held').to.be.below(6 * MiB);
    await queue[Symbol.asyncDispose]();
  }).timeout(20_000);

  it('hands out what was published, while the buffers of what has left are written again', async () => {
    await using folder = await temporaryFolder();
    const { queue } = await openBytes(urlOf(folder.path));
    let received = 0;
    const receive = async (max: number): Promise<void> => {
      const deliveries = await queue.receive(max);
      for (const { body } of deliveries) expect([...body]).to.deep.equal(numberedBody(received++));
      await queue.ack(deliveries);
    };
    for (let published = 0; published < 1000; published += 100) {
      const bodies = Array.from({ length: 100 }, (_, i) => Uint8Array.from(numberedBody(published + i)));
      await queue.publish(bodies.map((body) => ({ key: 'key', body, headers: noHeaders })));
      await receive(60);
      await receive(25);
    }
    while (received < 1000) await receive(90);
    await queue[Symbol.asyncDispose]();
  });

  it('is one order, whether it waits in memory, in the file, or was given back', async () => {
    await using folder = await temporaryFolder();
    const { queue } = await openBytes(urlOf(folder.path));
    await queue.publish(large('a', 'b', 'c', 'd', 'e'));
    const [a, b, c] = await queue.receive(3);
    await queue.publish(large('f'));
    await queue.nack([b!, c!, a!]);
    const rest = await queue.receive(10);
    expect(rest.map(({ key }) => key).join('')).to.equal('bcadef');
    await queue.ack(rest);
    await queue.publish(large('g'));
    expect((await queue.receive(10)).map(({ key }) => key)).to.deep.equal(['g']);
    await queue[Symbol.asyncDispose]();
  });

  it('rejects the receiver whose turn it is when the file cannot be read, and loses nothing by that', async () => {
    await using folder = await temporaryFolder();
    const environment = await openFaulty(folder.path);
    await using queue = await createLmdbQueue({
      environment,
      codec: bytesCodec,
      clock: systemClock,
      capacity: 9,
      memoryBytes: 2 ** 21,
    });
    const receivers = [queue.receive(1), queue.receive(1), queue.receive(1)];
    environment.readable(false);
    const published = queue.publish(large('a', 'b', 'c', 'd'));
    await rejects(receivers[2]!, 'unavailable', 'the third receiver');
    const [first, second] = await Promise.all(receivers.slice(0, 2));
    await published;
    expect([...first!, ...second!].map(({ key }) => key)).to.deep.equal(['a', 'b']);
    environment.readable(true);
    expect((await queue.receive(9)).map(({ key }) => key)).to.deep.equal(['c', 'd']);
  });
});

async function expectNumbers(queue: Queue<Uint8Array>, from: number, to: number): Promise<void> {
  for (let id = from; id < to;) {
    const deliveries = await queue.receive(Math.min(1000, to - id));
    expect(textsOf(deliveries)).to.deep.equal(deliveries.map((_, i) => `${id + i}`));
    id += deliveries.length;
    await queue.ack(deliveries);
  }
}

function numbered(first: number, count: number): readonly Message<Uint8Array>[] {
  return Array.from({ length: count }, (_, i) => {
    const body = Buffer.from(`${first + i}`);
    return { key: `key ${i % 10}`, body, headers: noHeaders };
  });
}

/** About 60 of them fill a block. */
function numberedBody(number: number): readonly number[] {
  return Array.from({ length: 999 }, (_, i) => (number * 31 + i) % 256);
}

function kilobytes(count: number): readonly Message<Uint8Array>[] {
  return Array.from({ length: count }, () => ({ key: 'key', body: new Uint8Array(1024), headers: noHeaders }));
}

/** Two of them are what waits in memory. */
function large(...keys: readonly string[]): readonly Message<Uint8Array>[] {
  return keys.map((key) => ({ key, body: new Uint8Array(MiB), headers: noHeaders }));
}

async function bytesInUse(): Promise<number> {
  for (let i = 0; i < 3; i++) {
    await setImmediate();
    collectGarbage();
  }
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return heapUsed + arrayBuffers;
}

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;
