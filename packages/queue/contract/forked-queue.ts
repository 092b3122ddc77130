import { noHeaders, type Delivery, type OpenedQueue } from '../src/index.ts';
import { forkProcess, serveProcess } from './forked-process.ts';
import type { ForkedQueue } from './place.ts';

/**
 * Starts a Node process with a module that calls `serveQueue`; resolves when its queue is open, rejects when it cannot be.
 * The process ends with this one.
 */
export async function forkQueue(options: {
  readonly module: URL;
  readonly args: readonly string[];
}): Promise<ForkedQueue> {
  const { call, kill, stop } = await forkProcess(options);
  return {
    publish: (bodies) => call('publish', bodies),
    receive: (max) => call('receive', max),
    ack: (positions) => call('ack', positions),
    kill,
    stop,
  };
}

/**
 * The other side: opens the queue and does what the parent asks, until it is told to stop or the parent is gone. A
 * module for `forkQueue` is one call of this, with what the arguments of the process name.
 */
export function serveQueue(open: () => Promise<OpenedQueue<Uint8Array>>): Promise<void> {
  return serveProcess(async () => {
    const { queue } = await open();
    const received: Delivery<Uint8Array>[] = [];
    return {
      methods: {
        publish: (bodies: Parameters<ForkedQueue['publish']>[0]) =>
          queue.publish(bodies.map(({ key, body }) => ({ key, body, headers: noHeaders }))),
        async receive(max: number) {
          const deliveries = await queue.receive(max);
          received.push(...deliveries);
          return deliveries.map(({ body }) => body);
        },
        ack: async (positions: readonly number[]) => queue.ack(positions.map((at) => deliveryAt(received, at))),
      },
      [Symbol.asyncDispose]: async () => queue[Symbol.asyncDispose](),
    };
  });
}

function deliveryAt(received: readonly Delivery<Uint8Array>[], position: number): Delivery<Uint8Array> {
  const delivery = received[position];
  if (delivery === undefined) throw new RangeError(`nothing was received at position ${position}`);
  return delivery;
}
