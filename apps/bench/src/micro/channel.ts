import { createChannel, type Channel } from '@product-updates/queue';
import fastq from 'fastq';
import PQueue from 'p-queue';
import type { Contestant, Suite } from './contestant.ts';
import { createPromiseQueue } from './promise-queue.ts';

/** What may wait between the two sides, the same for all. */
const CAPACITY = 1024;

/** Numbers pass from one producer to one consumer through a buffer of 1,024. */
export const channelSuite: Suite = (scale) => {
  const many = Math.ceil(2_000_000 * scale);
  const few = Math.ceil(200_000 * scale);
  return [
    contestant('channel, receiveMany(256)', many, channelMany),
    contestant('channel, receive() one by one', many, channelOneByOne),
    contestant('fastq, callbacks', many, fastqCallbacks),
    contestant('fastq.promise', few, fastqPromise),
    contestant('p-queue', few, pQueue),
    contestant('a promise per item', many, promisePerItem),
  ];
};

function contestant(name: string, items: number, pass: (items: number) => Promise<number>): Contestant {
  return { name, items, run: () => pass(items) };
}

async function channelMany(items: number): Promise<number> {
  const channel = createChannel<number>(CAPACITY);
  const sent = sendAll(channel, items);
  let arrived = 0;
  for (;;) {
    const batch = await channel.receiveMany(256);
    if (batch.length === 0) break;
    for (const value of batch) arrived += value;
  }
  await sent;
  return arrived;
}

async function channelOneByOne(items: number): Promise<number> {
  const channel = createChannel<number>(CAPACITY);
  const sent = sendAll(channel, items);
  let arrived = 0;
  for (;;) {
    const { done, value } = await channel.receive();
    if (done === true) break;
    arrived += value;
  }
  await sent;
  return arrived;
}

async function sendAll(channel: Channel<number>, items: number): Promise<void> {
  for (let sent = 0; sent < items; sent += 1) {
    if (!channel.trySend(1)) await channel.send(1);
  }
  channel.close();
}

/** Paused while it is filled: otherwise nothing would ever wait in it, and a call of a function would be measured. */
async function fastqCallbacks(items: number): Promise<number> {
  let arrived = 0;
  const queue = fastq<unknown, number, void>((value, done) => {
    arrived += value;
    done(null);
  }, 1);
  for (let left = items; left > 0; left -= CAPACITY) {
    queue.pause();
    for (let index = Math.min(left, CAPACITY); index > 0; index -= 1) queue.push(1);
    const drained = new Promise<void>((resolve) => {
      queue.drain = resolve;
    });
    queue.resume();
    await drained;
  }
  return arrived;
}

async function fastqPromise(items: number): Promise<number> {
  let arrived = 0;
  const queue = fastq.promise<unknown, number, void>(async (value) => {
    arrived += value;
  }, 1);
  for (let left = items; left > 0; left -= CAPACITY) {
    for (let index = Math.min(left, CAPACITY); index > 0; index -= 1) void queue.push(1);
    await queue.drained();
  }
  return arrived;
}

async function pQueue(items: number): Promise<number> {
  let arrived = 0;
  const queue = new PQueue({ concurrency: 1 });
  for (let left = items; left > 0; left -= CAPACITY) {
    for (let index = Math.min(left, CAPACITY); index > 0; index -= 1) {
      void queue.add(async () => {
        arrived += 1;
      });
    }
    await queue.onIdle();
  }
  return arrived;
}

async function promisePerItem(items: number): Promise<number> {
  const queue = createPromiseQueue<number>(CAPACITY);
  const sent = (async () => {
    for (let index = 0; index < items; index += 1) await queue.put(1);
  })();
  let arrived = 0;
  while (arrived < items) arrived += await queue.take();
  await sent;
  return arrived;
}
