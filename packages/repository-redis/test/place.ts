import { randomUUID } from 'node:crypto';
import { systemClock } from '@product-updates/queue';
import { createTcpProxy, forkStore, type Place, type PlaceOptions } from '@product-updates/repository/contract';
import { openRedisStore } from '@product-updates/repository-redis';
import { startOwnRedis } from '@product-updates/tooling/own-redis';
import type { OwnServer } from '@product-updates/tooling/own-server';
import { redisCommand, removeKeys, settingOf } from './redis-commands.ts';
import { createRoundTripCounter } from './round-trips.ts';

/** Tests that kill, stop or fill the server, or count all of its connections, get one of their own. */
export const needsOwn: readonly string[] = ['R10.3', 'R17.2', 'R18', 'R19', 'R22', 'R27.1', 'R27.2'];

/** A place on the live server, or on one of the test's own that is as durable. */
export async function redisPlace(id: string, live: URL): Promise<Place> {
  if (!needsOwn.includes(id)) return placeOn(live, undefined);
  const own = await startOwnRedis({ args: ['--appendfsync', await settingOf(live, 'appendfsync')] });
  return placeOn(own.url, own);
}

async function placeOn(url: URL, own: OwnServer | undefined): Promise<Place> {
  const prefix = `test:${randomUUID()}:`;
  const counter = await createRoundTripCounter(Number(url.port || 6379));
  const network = await createTcpProxy({ host: '127.0.0.1', port: counter.port });
  const through = new URL(url);
  through.hostname = '127.0.0.1';
  through.port = `${network.port}`;
  const address = (base: URL, options: Partial<PlaceOptions>): URL => {
    const address = new URL(base);
    address.searchParams.set('prefix', prefix);
    if (options.timeoutMs !== undefined) address.searchParams.set('timeoutMs', `${options.timeoutMs}`);
    return address;
  };
  return {
    open: ({ deadLetterMax, timeoutMs }) =>
      openRedisStore(address(through, { timeoutMs }), { deadLetterMax, clock: systemClock }),
    async remove() {
      await network[Symbol.asyncDispose]();
      await counter[Symbol.asyncDispose]();
      if (own === undefined) await removeKeys(url, prefix);
      else await own[Symbol.asyncDispose]();
    },
    faults: {
      fork: () => forkStore({ module: new URL('redis-process.ts', import.meta.url), args: [address(url, {}).href] }),
      network,
      roundTrips: async () => counter.count(),
      ...(own === undefined ? {} : faultsOf(own)),
    },
  };
}

function faultsOf(own: OwnServer): Pick<Place['faults'], 'server' | 'storage' | 'held' | 'failover'> {
  async function becomeReplica(): Promise<void> {
    await redisCommand(own.url, 'REPLICAOF', '127.0.0.1', '1'); // of nobody: it keeps what it has
    await redisCommand(own.url, 'CLIENT', 'KILL', 'TYPE', 'normal');
  }
  return {
    server: own,
    failover: {
      readOnly: becomeReplica,
      replica: becomeReplica,
      primary: async () => void (await redisCommand(own.url, 'REPLICAOF', 'NO', 'ONE')),
    },
    storage: {
      fill: async () => void (await redisCommand(own.url, 'CONFIG', 'SET', 'maxmemory', '1')),
      free: async () => void (await redisCommand(own.url, 'CONFIG', 'SET', 'maxmemory', '0')),
    },
    held: async () => ((await redisCommand(own.url, 'CLIENT', 'LIST')) as string).split('\n').length,
  };
}
