import { setImmediate } from 'node:timers/promises';
import type { Queue } from '../src/index.ts';
import { handled, type Bounds } from './bounds.ts';

/** How many may be received in one turn of the event loop: one that always answers at once must not stop all timers. */
const RECEIVES_A_TURN = 1000;

export interface BoundedQueueOptions {
  readonly bounds: Bounds;
  /** For every call but `receive`, which may wait. */
  readonly callMs: number;
  /** Shared by all queues of a place, which may be one and the same. */
  readonly state: { closed: boolean };
}

/** The same queue for a test, whose calls end with it. A `receive` that answers `[]` before anything was closed fails. */
export function boundQueue(
  queue: Queue<Uint8Array>,
  { bounds, callMs, state }: BoundedQueueOptions,
): Queue<Uint8Array> {
  let receives = 0;
  const limits = { limitMs: callMs };
  async function receive(...[max, options]: Parameters<typeof queue.receive>): ReturnType<typeof queue.receive> {
    receives += 1;
    if (receives % RECEIVES_A_TURN === 0) await setImmediate();
    const deliveries = await bounds.call('receive', () => queue.receive(max, options), { signal: options?.signal });
    if (deliveries.length > 0 || state.closed) return deliveries;
    throw bounds.fail('receive answered [], which means closed and empty, and nothing was closed: it waits for one');
  }
  return {
    publish: (messages) => bounds.call('publish', () => queue.publish(messages), limits),
    receive: (max, options) => handled(receive(max, options)),
    ack: (deliveries) => bounds.call('ack', () => queue.ack(deliveries), limits),
    nack: (deliveries) => bounds.call('nack', () => queue.nack(deliveries), limits),
    close() {
      state.closed = true;
      queue.close();
    },
    stats: () => bounds.call('stats', () => queue.stats(), limits),
    ping: () => bounds.call('ping', () => queue.ping(), limits),
    [Symbol.asyncDispose]() {
      state.closed = true;
      return bounds.call('dispose', async () => queue[Symbol.asyncDispose](), limits);
    },
  };
}
