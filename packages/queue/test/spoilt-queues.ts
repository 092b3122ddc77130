import { CodedError } from '@product-updates/errors';
import type { Delivery, Queue } from '@product-updates/queue';

export type Bytes = Queue<Uint8Array>;

interface Spoilt {
  readonly how: string;
  /** The test that must notice. */
  readonly id: string;
  /** What is put in place of a sound queue's methods. */
  readonly spoil: (queue: Bytes) => Partial<Bytes>;
}

/** A queue that is wrong in one way, and a test that must notice. */
export const spoilt: readonly Spoilt[] = [
  {
    how: 'loses every 50th message',
    id: 'Q1',
    spoil(queue) {
      let count = 0;
      return { publish: (messages) => queue.publish(messages.filter(() => ++count % 50 !== 0)) };
    },
  },
  {
    how: 'delivers in another order',
    id: 'Q3.1',
    spoil: (queue) => ({ receive: async (max, options) => (await queue.receive(max, options)).toReversed() }),
  },
  {
    how: 'delivers a key in another order to its workers',
    id: 'Q15',
    spoil: (queue) => ({ receive: async (max, options) => (await queue.receive(max, options)).toReversed() }),
  },
  {
    how: 'takes the part of a publish that fits',
    id: 'Q3.2',
    spoil: (queue) => ({
      async publish(messages) {
        const { depth, capacity } = await queue.stats();
        const room = capacity! - depth;
        await queue.publish(messages.slice(0, room));
        if (room < messages.length) throw new CodedError('full', 'full');
      },
    }),
  },
  {
    how: 'carries text instead of bytes',
    id: 'Q4',
    spoil: (queue) => ({
      publish: (messages) =>
        queue.publish(
          messages.map((message) => ({
            ...message,
            body: new TextEncoder().encode(new TextDecoder().decode(message.body)),
          })),
        ),
    }),
  },
  {
    how: 'cuts long keys',
    id: 'Q4',
    spoil: (queue) => ({
      publish: (messages) => queue.publish(messages.map((message) => ({ ...message, key: message.key.slice(0, 255) }))),
    }),
  },
  {
    how: 'drops the oldest when it is full',
    id: 'Q6',
    spoil: (queue) => ({
      async publish(messages) {
        const { depth, capacity } = await queue.stats();
        if (depth === capacity) await queue.ack(await queue.receive(messages.length));
        await queue.publish(messages);
      },
    }),
  },
  {
    how: 'keeps what it refused for later',
    id: 'Q7',
    spoil(queue) {
      const kept: unknown[] = [];
      return {
        publish: (messages) =>
          queue.publish(messages).catch((error: unknown) => {
            for (const { body } of messages) kept.push(Buffer.alloc(4096, body));
            throw error;
          }),
        ping: async () => void kept.length,
      };
    },
  },
  {
    how: 'takes messages after close',
    id: 'Q13',
    spoil: () => ({ close: () => undefined }),
  },
  {
    how: 'hands out more than was asked for',
    id: 'Q17.1',
    spoil: (queue) => ({ receive: (max, options) => queue.receive(max + 1, options) }),
  },
  {
    how: 'polls for messages now and then',
    id: 'Q17.2',
    spoil: (queue) => ({
      async receive(max, options) {
        await new Promise((resolve) => {
          setTimeout(resolve, 150);
        });
        return queue.receive(max, options);
      },
    }),
  },
  {
    how: 'spins while it waits',
    id: 'Q17.3',
    spoil: (queue) => ({
      async receive(max, options) {
        while ((await queue.stats()).depth === 0 && options?.signal?.aborted !== true) {
          await new Promise((resolve) => {
            setImmediate(resolve);
          });
        }
        return queue.receive(max, options);
      },
    }),
  },
  {
    how: 'fetches everything at once',
    id: 'Q18',
    spoil(queue) {
      const fetched: Delivery<Uint8Array>[] = [];
      return {
        async receive(max, options) {
          if (fetched.length === 0) fetched.push(...(await queue.receive(10_000, options)));
          return fetched.splice(0, max);
        },
      };
    },
  },
  {
    how: 'takes an ack for a nack',
    id: 'Q20.1',
    spoil: (queue) => ({ ack: (deliveries) => queue.nack(deliveries) }),
  },
  {
    how: 'takes a nack for an ack',
    id: 'Q21.1',
    spoil: (queue) => ({ nack: (deliveries) => queue.ack(deliveries) }),
  },
  {
    how: 'always says it is the first attempt',
    id: 'Q21.2',
    spoil: (queue) => ({
      receive: async (max, options) =>
        (await queue.receive(max, options)).map((delivery) => changed(delivery, { attempt: 1 })),
    }),
  },
  {
    how: 'waits for room to take back',
    id: 'Q21.4',
    spoil: (queue) => ({
      async nack(deliveries) {
        const messages = deliveries.map(({ key, body, headers }) => ({ key, body, headers }));
        await queue.publish(messages);
        await queue.ack(deliveries);
      },
    }),
  },
  {
    how: 'acks by key',
    id: 'Q22.1',
    spoil(queue) {
      const latest = new Map<string, Delivery<Uint8Array>>();
      return {
        async receive(max, options) {
          const deliveries = await queue.receive(max, options);
          for (const delivery of deliveries) latest.set(delivery.key, delivery);
          return deliveries;
        },
        ack: (deliveries) => queue.ack(deliveries.map((delivery) => latest.get(delivery.key) ?? delivery)),
      };
    },
  },
  {
    how: 'needs the very delivery to settle it',
    id: 'Q22.3',
    spoil: (queue) => ({ ack: (deliveries) => queue.ack(deliveries.filter(({ attempt }) => attempt > 0)) }),
  },
  {
    how: 'acks everything up to what is acked',
    id: 'Q23.1',
    spoil(queue) {
      const held: Delivery<Uint8Array>[] = [];
      return {
        async receive(max, options) {
          const deliveries = await queue.receive(max, options);
          held.push(...deliveries);
          return deliveries;
        },
        ack: (deliveries) =>
          queue.ack(held.slice(0, 1 + Math.max(...deliveries.map((delivery) => held.indexOf(delivery))))),
      };
    },
  },
  {
    how: 'drops what it has seen before',
    id: 'Q25',
    spoil(queue) {
      const seen = new Set<string>();
      return {
        publish: (messages) => queue.publish(messages.filter(({ key }) => !seen.has(key) && seen.add(key))),
      };
    },
  },
  {
    how: 'ends while something is unacked',
    id: 'Q30.1',
    spoil(queue) {
      let closed = false;
      return {
        close() {
          closed = true;
          queue.close();
        },
        receive: async (max, options) => (closed ? [] : queue.receive(max, options)),
      };
    },
  },
  {
    how: 'miscounts what is unacked',
    id: 'Q32',
    spoil: (queue) => ({ stats: async () => ({ ...(await queue.stats()), unacked: 0 }) }),
  },
  {
    how: 'loses what comes in the turn of an abort',
    id: 'Q33.1',
    spoil: (queue) => ({
      async receive(max, options) {
        const deliveries = await queue.receive(max, options);
        await Promise.resolve();
        if (options?.signal?.aborted === true) throw options.signal.reason as Error;
        return deliveries;
      },
    }),
  },
  {
    how: 'takes any max',
    id: 'Q33.2',
    spoil: (queue) => ({ receive: (max, options) => queue.receive(Math.max(1, Math.floor(max) || 1), options) }),
  },
  {
    how: 'counts nothing',
    id: 'Q34',
    spoil: (queue) => ({ stats: async () => ({ ...(await queue.stats()), depth: 0 }) }),
  },
];

function changed(delivery: Delivery<Uint8Array>, change: Partial<Delivery<Uint8Array>>): Delivery<Uint8Array> {
  const { key, body, headers, attempt, receipt } = delivery;
  return { key, body, headers, attempt, receipt, ...change };
}
