import { CodedError, redactUrl } from '@product-updates/errors';
import type { OpenStore } from '@product-updates/repository';
import { openConnection } from './connection.ts';
import { checkFormat } from './format.ts';
import { keysOf } from './keys.ts';
import { createLinks, type Wire } from './link.ts';
import { type RedisOptions, readRedisUrl } from './options.ts';
import { checkServers, type ServerFacts } from './server-check.ts';
import { createRedisStore } from './store.ts';

/** As CLIENT LIST shows it. */
const CLIENT_NAME = 'product-updates';

/**
 * Opens `redis://user:password@host:6379/0` or `rediss://…`, with two connections to each server: one for reads, one for
 * writes. The options stand in the README. Every server is looked at on each new connection, and about once a second while
 * it is used: one that would evict, follows another one or holds a newer format is refused, also when a good one becomes so.
 */
export const openRedisStore: OpenStore = async (url, context) => {
  const options = readRedisUrl(url);
  const keys = keysOf(options.prefix);
  const check = createCheck(options);
  const connection = await openConnection({
    create: createLinks(options),
    prepare: async ({ reads, writes }) => {
      await Promise.all([check.first(reads), check.first(writes).then(() => checkFormat(writes, keys))]);
    },
    checkAgain: async (wire) => void (await Promise.all([check.again(wire), checkFormat(wire, keys)])),
    timeoutMs: options.timeoutMs,
    whySilent: options.tls === undefined ? '' : ': does it speak TLS on this port?',
    clock: context.clock,
  });
  const facts = check.facts();
  return {
    store: createRedisStore({ connection, keys, cluster: options.cluster, deadLetterMax: context.deadLetterMax }),
    durability: facts.durability,
    description: describeServer(url, options, facts),
  };
};

interface Check {
  /** Refuses servers that cannot be used, and such as are less durable than those at first: that is what was promised. */
  readonly first: (wire: Wire) => Promise<void>;
  /** The same on a connection that was looked at before; what was not told then is not asked for again. */
  readonly again: (wire: Wire) => Promise<void>;
  /** Of the first ones. */
  readonly facts: () => ServerFacts;
}

function createCheck(options: RedisOptions): Check {
  let first: ServerFacts | undefined;
  let told = true;
  async function look(wire: Wire, askForSettings: boolean): Promise<void> {
    const found = await checkServers(wire, options, askForSettings);
    first ??= found;
    told = found.told;
    if (first.durability === 'disk' && found.durability !== 'disk') {
      const why = `it was durable when it was opened, and is no longer: ${found.persistence}`;
      throw new CodedError('misconfigured', `Redis no longer keeps what it promised: ${why}`);
    }
  }
  return {
    async first(wire) {
      // The name is for people only: who may not set it is served all the same.
      const named = wire.sendToAll(['CLIENT', 'SETNAME', CLIENT_NAME]).catch(() => {});
      await Promise.all([look(wire, true), named]);
    },
    again: (wire) => look(wire, told),
    facts() {
      if (first === undefined) throw new Error('the servers were not looked at yet');
      return first;
    },
  };
}

function describeServer(url: URL, { prefix, cluster }: RedisOptions, { version, persistence }: ServerFacts): string {
  const where = redactUrl(new URL(`${url.protocol}//${url.host}${url.pathname}`));
  return `${where} (Redis ${version}${cluster ? ' cluster' : ''}, keys ${prefix}*, ${persistence})`;
}
