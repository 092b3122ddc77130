import { CodedError } from '@product-updates/errors';
import { queueContract } from '@product-updates/queue/contract';
import { LARGEST_BODY, simulatedPlace } from './simulated-queue.ts';
import { SimulatedServer } from './simulated-server.ts';

/** The suite's tests of faults need a server that fails. Here it is one of ours, so that they run everywhere. */
queueContract({
  name: 'simulated broker',
  declared: {
    durability: 'disk',
    exactDepth: true,
    keepsOrder: true,
    keepsAttempts: true,
    allOrNone: true,
    redeliveryMs: 100,
    timeoutMs: 30,
    recoveryMs: 1000,
    maxBodyBytes: LARGEST_BODY,
  },
  place: async ({ capacity }) => simulatedPlace(new SimulatedServer(capacity), capacity),
  refusals: [
    {
      name: 'a server that evicts',
      open: async () => {
        throw new CodedError('misconfigured', 'redis://user:***@host evicts');
      },
      says: /evicts/,
      password: 'secret',
    },
  ],
  skip: [],
});
