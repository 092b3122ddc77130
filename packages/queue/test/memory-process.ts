import { createMemoryQueue, systemClock } from '@product-updates/queue';
import { serveQueue } from '@product-updates/queue/contract';
import { CodedError } from '@product-updates/errors';

const capacity = Number(process.argv[2]);
await serveQueue(async () => {
  if (Number.isNaN(capacity)) throw new CodedError('misconfigured', 'no capacity');
  const queue = createMemoryQueue<Uint8Array>({ capacity, clock: systemClock });
  return { queue, durability: 'none', description: 'memory' };
});
