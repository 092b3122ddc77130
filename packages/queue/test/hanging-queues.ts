import { createMemoryQueue, systemClock, type Queue } from '@product-updates/queue';
import type { QueueContract } from '@product-updates/queue/contract';

type Bytes = Queue<Uint8Array>;

const never = (): Promise<never> => new Promise(() => {});

/** New adapters that would make a careless suite hang, by what they do. */
export const hanging: Readonly<Record<string, (queue: Bytes) => Partial<Bytes>>> = {
  'receive answers [] at once': () => ({ receive: async () => [] }),
  'receive never resolves, aborted or not': () => ({ receive: never }),
  'receive delivers the same again and again': () => {
    const message = { key: 'k', body: new Uint8Array(1), headers: {}, attempt: 1, receipt: 1 };
    return { receive: async () => [message], ack: async () => {} };
  },
  'publish never resolves': () => ({ publish: never }),
  'ack throws': () => ({
    ack() {
      throw new Error('ack is not implemented');
    },
  }),
  'dispose hangs': () => ({ [Symbol.asyncDispose]: never }),
  'stats and ping never resolve': () => ({ stats: never, ping: never }),
  'it lacks every fault': () => ({}),
};

/** It skips nothing, as an author would begin, and its place has no faults. */
export function contractOfHanging(how: string): QueueContract {
  return {
    name: how,
    declared: {
      durability: 'none',
      exactDepth: true,
      keepsOrder: true,
      keepsAttempts: true,
      allOrNone: true,
      redeliveryMs: 0,
      timeoutMs: 50,
      recoveryMs: 100,
      runs: { quick: 50, long: 50 },
    },
    skip: [],
    async place({ capacity }) {
      const sound = createMemoryQueue<Uint8Array>({ capacity, clock: systemClock });
      const queue: Bytes = {
        publish: (messages) => sound.publish(messages),
        receive: (max, options) => sound.receive(max, options),
        ack: (deliveries) => sound.ack(deliveries),
        nack: (deliveries) => sound.nack(deliveries),
        close: () => sound.close(),
        stats: () => sound.stats(),
        ping: () => sound.ping(),
        [Symbol.asyncDispose]: () => sound[Symbol.asyncDispose](),
        ...hanging[how]?.(sound),
      };
      return {
        open: async () => ({ queue, durability: 'none', description: how }),
        remove: async () => undefined,
        faults: {},
      };
    },
  };
}
