import { CodedError, codeOf, describe } from '@product-updates/errors';
import {
  durabilities,
  type OpenedQueue,
  type OpenQueue,
  type QueueOpenContext,
  type Undecodable,
} from '@product-updates/queue';
import type { OpenedStore, OpenStore, StoreOpenContext } from '@product-updates/repository';
import { urlsOf, type Config } from './config.ts';

/** How a URL's scheme becomes an adapter. Its client library is loaded only when a URL names it. */
export interface Opener<O> {
  /** Whether several processes can share what it opens: else one process must play all roles. */
  readonly shared: boolean;
  readonly load: () => Promise<O>;
}

/** By scheme, with the colon, as in `URL.protocol`. */
export interface Openers {
  readonly queues: Readonly<Record<string, Opener<OpenQueue>>>;
  readonly stores: Readonly<Record<string, Opener<OpenStore>>>;
}

const postgres: Opener<OpenStore> = {
  shared: true,
  load: async () => (await import('@product-updates/repository-postgres')).openPostgresStore,
};
const redis: Opener<OpenStore> = {
  shared: true,
  load: async () => (await import('@product-updates/repository-redis')).openRedisStore,
};

/** One line for each scheme there is. */
export const openers: Openers = {
  queues: {
    'memory:': { shared: false, load: async () => (await import('@product-updates/queue')).openMemoryQueue },
    'lmdb:': { shared: false, load: async () => (await import('@product-updates/queue-lmdb')).openLmdbQueue },
  },
  stores: {
    'memory:': { shared: false, load: async () => (await import('@product-updates/repository')).openMemoryStore },
    'lmdb:': { shared: false, load: async () => (await import('@product-updates/repository-lmdb')).openLmdbStore },
    'postgres:': postgres,
    'postgresql:': postgres,
    'redis:': redis,
    'rediss:': redis,
  },
};

type Where = Pick<Config, 'queueUrl' | 'storeUrl' | 'dataDir' | 'role'>;

/** Throws `misconfigured`, naming the variable, for a scheme that is not known or does not go with the role. */
export function checkSchemes(config: Where, { queues, stores }: Openers): void {
  findOpener('QUEUE_URL', config.queueUrl, queues, config);
  findOpener('STORE_URL', config.storeUrl, stores, config);
}

/** Whether other processes read what is published: people may look into it, too. Throws as `checkSchemes`. */
export function isQueueShared(config: Where, { queues }: Openers): boolean {
  return findOpener('QUEUE_URL', config.queueUrl, queues, config).shared;
}

/** Throws as `checkSchemes`, and what the adapter rejects with, naming the variable too. */
export async function openStore(config: Where, { stores }: Openers, context: StoreOpenContext): Promise<OpenedStore> {
  const open = await findOpener('STORE_URL', config.storeUrl, stores, config).load();
  return naming(variableOf('STORE_URL', config), open(config.storeUrl, context));
}

/** As `openStore`. */
export async function openQueue<T>(
  config: Where,
  { queues }: Openers,
  context: QueueOpenContext<T>,
): Promise<OpenedQueue<T | Undecodable>> {
  const open = await findOpener('QUEUE_URL', config.queueUrl, queues, config).load();
  return naming(variableOf('QUEUE_URL', config), open(config.queueUrl, context));
}

/** Throws `misconfigured` where the queue would forget what a less durable store then loses. */
export function checkDurability(
  queue: Pick<OpenedQueue<unknown>, 'durability'>,
  store: Pick<OpenedStore, 'durability'>,
  { allowVolatileStore }: Pick<Config, 'allowVolatileStore'>,
): void {
  if (allowVolatileStore || durabilities.indexOf(queue.durability) <= durabilities.indexOf(store.durability)) return;
  throw new CodedError(
    'misconfigured',
    `QUEUE_URL is more durable (${queue.durability}) than STORE_URL (${store.durability}): what the queue has handed over ` +
      'would be lost with the store; choose a store as durable, or set ALLOW_VOLATILE_STORE=true',
  );
}

function findOpener<O>(
  variable: string,
  url: URL,
  known: Readonly<Record<string, Opener<O>>>,
  { role }: Pick<Config, 'role'>,
): Opener<O> {
  const scheme = url.protocol;
  const opener = Object.hasOwn(known, scheme) ? known[scheme] : undefined;
  if (opener === undefined) {
    const list = Object.keys(known).join(', ');
    throw new CodedError('misconfigured', `${variable}: unknown scheme "${scheme}"; known: ${list}`);
  }
  if (role !== 'all' && !opener.shared) {
    throw new CodedError(
      'misconfigured',
      `ROLE ${role}: ${variable} ${scheme} is this process's own and needs ROLE=all`,
    );
  }
  return opener;
}

/** What a person set: a URL, or the folder that it was made of. */
function variableOf(variable: 'QUEUE_URL' | 'STORE_URL', { dataDir, queueUrl, storeUrl }: Where): string {
  const url = variable === 'QUEUE_URL' ? queueUrl : storeUrl;
  return dataDir !== null && url.href === new URL(urlsOf(dataDir)[variable]).href ? 'DATA_DIR' : variable;
}

/** Says which variable an adapter's refusal is about. */
export async function naming<T>(variable: string, opened: Promise<T>): Promise<T> {
  try {
    return await opened;
  } catch (error) {
    const code = codeOf(error);
    if (code === undefined) throw error;
    throw new CodedError(code, `${variable}: ${describe(error)}`);
  }
}
