import { systemClock } from '@product-updates/queue';
import { everyTest, forkStore, type Place, type Skip, storeContract } from '@product-updates/repository/contract';
import { openRedisStore } from '@product-updates/repository-redis';
import { missingOwn } from './live.ts';
import { type OwnCluster, startOwnCluster } from './own-cluster.ts';

// One cluster for all tests: to bring one up takes longer than most of them. Where there is a server there is its program.
let cluster: OwnCluster | undefined;

const notSent = 'the highest version is written first, on a server of its own: cut there, the products were never sent';
const same = 'nothing differs in a cluster: it runs for one server';
const notHeld = 'nobody can hold a key of Redis: each script runs alone';
const slow = 'only in the long scale, LONG=1: it runs for one server in the quick one';
const skip: readonly Skip[] = [
  ...(process.env['LONG'] === undefined ? ['R6', 'R9.2', 'R11', 'R20.1'] : []).map((test) => ({ test, reason: slow })),
  { test: 'R12', reason: notSent },
  { test: 'R17.3', reason: notSent },
  { test: 'R13', reason: same },
  { test: 'R20.2', reason: same },
  { test: 'R27', reason: same },
  { test: 'R29', reason: notHeld },
];

async function place(): Promise<Place> {
  const { url, network, servers, each, roundTrips, clear } = (cluster ??= await startOwnCluster());
  return {
    open({ deadLetterMax, timeoutMs }) {
      const address = new URL(url);
      address.searchParams.set('timeoutMs', `${timeoutMs}`);
      return openRedisStore(address, { deadLetterMax, clock: systemClock });
    },
    remove: clear,
    faults: {
      fork: () => forkStore({ module: new URL('redis-process.ts', import.meta.url), args: [url.href] }),
      network,
      server: servers,
      storage: {
        fill: async () => void (await each('CONFIG', 'SET', 'maxmemory', '1')),
        free: async () => void (await each('CONFIG', 'SET', 'maxmemory', '0')),
      },
      roundTrips: async () => roundTrips(),
      held: async () => ((await each('CLIENT', 'LIST')) as string[]).join('').split('\n').length,
    },
  };
}

describe('three servers', () => {
  before(async function start() {
    this.timeout(180_000);
    if (missingOwn === undefined) cluster = await startOwnCluster();
  });
  after(async () => cluster?.[Symbol.asyncDispose]());

  storeContract({
    name: 'redis cluster',
    declared: { durability: 'process', recoveryMs: 10_000, roundTripsPerBatch: 5, runs: { quick: 20, long: 500 } },
    place,
    skip: missingOwn === undefined ? skip : everyTest(missingOwn),
  });
});
