import type { ProductRecord } from '@product-updates/domain';
import { createMemoryStore, type OpenStore, type Store } from '@product-updates/repository';
import { openers as allOpeners, type Opener, type Openers } from '../src/open.ts';

/** The memory store behind switches, as `STORE_URL=faulty:`. */
export interface FaultyStore {
  readonly openers: Openers;
  readonly open: Opener<OpenStore>;
  /** While there is one, everything rejects with it, the ping too. */
  outage: Error | undefined;
  /** What a write of this record rejects with, and with it the whole batch it is in. */
  refusal: (record: ProductRecord) => Error | undefined;
  /** While there is one, no letter is taken. */
  sinkFault: Error | undefined;
  /** Writes that were asked for, whatever became of them. */
  readonly writes: number;
  /** No faults any more. */
  mend(): void;
}

export function createFaultyStore(): FaultyStore {
  let writes = 0;

  async function failing<T>(fault: Error | undefined, work: () => Promise<T>): Promise<T> {
    // A real store is never answered in the same turn.
    await new Promise((resolve) => setImmediate(resolve));
    const error = faulty.outage ?? fault;
    if (error !== undefined) throw error;
    return work();
  }

  const open: OpenStore = async (url, context) => {
    const { products, deadLetters, ...memory } = createMemoryStore(context);
    const store: Store = {
      ...memory,
      ping: () => failing(undefined, () => memory.ping()),
      products: {
        get: (id) => failing(undefined, () => products.get(id)),
        getMany: (ids) => failing(undefined, () => products.getMany(ids)),
        apply(records) {
          writes += 1;
          const fault = records.map((record) => faulty.refusal(record)).find((error) => error !== undefined);
          return failing(fault, () => products.apply(records));
        },
      },
      deadLetters: {
        add: (letter) => failing(faulty.sinkFault, () => deadLetters.add(letter)),
        list: (page) => failing(undefined, () => deadLetters.list(page)),
        get: (id) => failing(undefined, () => deadLetters.get(id)),
        remove: (id) => failing(undefined, () => deadLetters.remove(id)),
        count: () => failing(undefined, () => deadLetters.count()),
      },
    };
    return { store, durability: 'none', description: url.protocol };
  };

  const opener: Opener<OpenStore> = { shared: false, load: async () => open };
  const faulty: FaultyStore = {
    openers: { ...allOpeners, stores: { 'faulty:': opener } },
    open: opener,
    outage: undefined,
    refusal: () => undefined,
    sinkFault: undefined,
    get writes() {
      return writes;
    },
    mend() {
      Object.assign(faulty, { outage: undefined, sinkFault: undefined, refusal: () => undefined });
    },
  };
  return faulty;
}
