import { createMemoryStore } from '@product-updates/repository';
import { storeContract } from '@product-updates/repository/contract';

const noServer = 'in this process there is no server to fail';
const gone = 'a memory store ends with its process';

storeContract({
  name: 'memory',
  declared: { durability: 'none', runs: { quick: 1000, long: 10_000 } },
  // Every connection is the one store: in one process its callers share it.
  place: async () => {
    let store: ReturnType<typeof createMemoryStore> | undefined;
    return {
      open: async (options) => ({
        store: (store ??= createMemoryStore(options)),
        durability: 'none',
        description: 'memory',
      }),
      remove: async () => {},
      faults: {},
    };
  },
  skip: [
    ...['R10.2', 'R10.3', 'R10.4', 'R11', 'R20.1'].map((test) => ({ test, reason: gone })),
    ...['R1.2', 'R12', 'R13', 'R16.2', 'R17', 'R18', 'R19', 'R22', 'R27'].map((test) => ({ test, reason: noServer })),
    { test: 'R29', reason: 'nobody else can hold a product of this process' },
    { test: 'R20.2', reason: 'nothing in this process is unsafe to open' },
  ],
});
