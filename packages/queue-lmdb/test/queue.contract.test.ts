import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { codeOf } from '@product-updates/errors';
import { noHeaders, type OpenedQueue } from '@product-updates/queue';
import { forkQueue, outcomeOf, queueContract, type ForkedQueue, type Place } from '@product-updates/queue/contract';
import { openBytes, urlOf } from './bytes.ts';
import { fillerOf } from './filler.ts';

const MAX_BYTES = 2 ** 24;
const noServer = 'Q8 Q9 Q10 Q11 Q22.2 Q27 Q28 Q29 Q30.4';

queueContract({
  name: 'lmdb',
  declared: {
    durability: 'disk',
    exactDepth: true,
    keepsOrder: true,
    keepsAttempts: true,
    allOrNone: true,
    redeliveryMs: 0,
    timeoutMs: 1000,
    maxBodyBytes: 2 ** 20,
    runs: { quick: 60, long: 5000 },
  },
  place: ({ capacity }) => lmdbPlace(capacity),
  skip: [
    ...noServer.split(' ').map((test) => ({ test, reason: 'there is no server and no network' })),
    ...'Q19 Q21.3 Q23.2 Q26'.split(' ').map((test) => ({ test, reason: 'one process alone has it open' })),
    { test: 'Q20.2', reason: 'nobody else keeps anything for it' },
    { test: 'Q31.1', reason: 'tried by name in open.test.ts' },
  ],
});

async function lmdbPlace(capacity: number): Promise<Place> {
  const folder = await mkdtemp(join(tmpdir(), 'queue-lmdb-'));
  const url = urlOf(folder, { capacity, maxBytes: MAX_BYTES });
  let opened: Promise<OpenedQueue<Uint8Array>> | undefined;
  /** The same one for all who open it, as long as it is not disposed. */
  async function open(): Promise<OpenedQueue<Uint8Array>> {
    opened ??= openBytes(url);
    const same = await opened;
    const pinged = await outcomeOf(same.queue.ping());
    if (pinged.ok || codeOf(pinged.error) !== 'closed') return same;
    opened = undefined;
    return open();
  }
  return {
    open,
    remove: () => rm(folder, { recursive: true }),
    faults: {
      fork: (): Promise<ForkedQueue> => forkQueue({ module: new URL('process.ts', import.meta.url), args: [url.href] }),
      storage: fillerOf(folder, MAX_BYTES),
      async stranger(body) {
        const { queue } = await open();
        await queue.publish([{ key: '', body, headers: noHeaders }]);
      },
    },
  };
}
