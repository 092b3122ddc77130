import { systemClock } from '@product-updates/queue';
import type { Refusal } from '@product-updates/repository/contract';
import type { OpenedStore } from '@product-updates/repository';
import { openRedisStore } from '@product-updates/repository-redis';
import { startOwnRedis } from '@product-updates/tooling/own-redis';
import { redisCommand } from './redis-commands.ts';

const context = { deadLetterMax: 100, clock: systemClock };

/** Opens a server of its own that was started like this, prepared by one command, under a URL that is changed like this. */
async function openOwn(
  args: readonly string[],
  change: (url: URL) => void = () => {},
  command: readonly string[] = ['PING'],
): Promise<OpenedStore> {
  await using own = await startOwnRedis({ args });
  if (!args.includes('--requirepass')) await redisCommand(own.url, ...command);
  const url = new URL(own.url);
  change(url);
  return await openRedisStore(url, context);
}

/** What the opener must not accept. */
export const refusals: readonly Refusal[] = [
  {
    name: 'a server that evicts',
    open: () => openOwn(['--maxmemory-policy', 'allkeys-lru']),
    says: /maxmemory-policy is allkeys-lru.*noeviction/,
  },
  {
    name: 'a newer format',
    open: () => openOwn([], () => {}, ['SET', 'product-updates:format', '2']),
    says: /newer version \(format 2/,
  },
  {
    name: 'keys of another program',
    open: () => openOwn([], () => {}, ['SET', 'product-updates:format', 'JPEG']),
    says: /not written by this store/,
  },
  {
    name: 'a wrong password',
    open: () => openOwn(['--requirepass', 'right'], (url) => (url.password = 'open-sesame')),
    says: /WRONGPASS/,
    password: 'open-sesame',
  },
  { name: 'no password', open: () => openOwn(['--requirepass', 'right']), says: /NOAUTH/ },
  {
    name: 'a server without AUTH, which repeats the password',
    open: () => openOwn(['--rename-command', 'AUTH', ''], (url) => (url.password = 'open-sesame')),
    says: /unknown command/,
    password: 'open-sesame',
  },
  {
    name: 'a database that there is not',
    open: () => openOwn(['--databases', '2'], (url) => (url.pathname = '/2')),
    says: /DB index is out of range/,
  },
  {
    name: 'a declaration that does not hold',
    open: () => openOwn(['--appendfsync', 'everysec'], (url) => (url.search = '?durability=disk')),
    says: /durability.*appendfsync is everysec/,
  },
  {
    name: 'a cluster without cluster=true',
    open: () => openOwn(['--cluster-enabled', 'yes'], () => {}, ['CLUSTER', 'ADDSLOTSRANGE', '0', '16383']),
    says: /cluster=true/,
  },
  {
    name: 'cluster=true without a cluster',
    open: () => openOwn([], (url) => (url.search = '?cluster=true')),
    says: /cluster support disabled/,
  },
  {
    name: 'an unknown option',
    open: () => openRedisStore(new URL('redis://u:open-sesame@127.0.0.1:1/?tiemoutMs=1'), context),
    says: /unknown option "tiemoutMs"; known: prefix, timeoutMs/,
    password: 'open-sesame',
  },
];
