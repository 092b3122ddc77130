import { createMemoryQueue, systemClock } from '@product-updates/queue';
import { queueContract } from '@product-updates/queue/contract';

const needServer = 'Q2 Q8 Q9 Q10 Q11 Q12 Q19 Q20.2 Q22.2 Q23.2 Q24.2 Q26 Q27 Q28 Q29 Q30.4 Q31.1';

queueContract({
  name: 'memory',
  declared: {
    durability: 'none',
    exactDepth: true,
    keepsOrder: true,
    keepsAttempts: true,
    allOrNone: true,
    redeliveryMs: 0,
    timeoutMs: 50,
  },
  async place({ capacity }) {
    const queue = createMemoryQueue<Uint8Array>({ capacity, clock: systemClock });
    return {
      open: async () => ({ queue, durability: 'none', description: 'memory' }),
      remove: async () => undefined,
      faults: {},
    };
  },
  skip: [
    { test: 'Q5', reason: 'it keeps references: no body is too large' },
    { test: 'Q21.3', reason: 'lives in this process: nobody else can take over' },
    ...needServer.split(' ').map((test) => ({ test, reason: 'lives in this process' })),
  ],
});
