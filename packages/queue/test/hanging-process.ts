import { queueTests, runQueueTest } from '@product-updates/queue/contract';
import { contractOfHanging } from './hanging-queues.ts';

// Runs the whole suite on the adapter that the argument names, and prints how each test ended. It must end by itself.
const [how = ''] = process.argv.slice(2);
const ends: Record<string, string> = {};
await Promise.all(
  queueTests.map(async (test) => {
    ends[test.id] = await runQueueTest(contractOfHanging(how), test, { timeoutMs: 2000, cleanUpMs: 500 }).then(
      () => 'passed',
      (error: unknown) => String(error),
    );
  }),
);
process.stdout.write(JSON.stringify(ends));
