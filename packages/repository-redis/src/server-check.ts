import { CodedError, codeOf } from '@product-updates/errors';
import type { Durability } from '@product-updates/queue';
import type { Reply } from './client.ts';
import { translate } from './errors.ts';
import type { Wire } from './link.ts';
import type { RedisOptions } from './options.ts';

/** What an acknowledgement of this server survives, and its version. */
export interface ServerFacts {
  readonly version: string;
  readonly durability: Durability;
  /** How it keeps what it is told, for a person. */
  readonly persistence: string;
  /** Whether it tells its settings (CONFIG). */
  readonly told: boolean;
}

/** Before it an error within a script loses its code, a script cannot be refused before it runs, and SET has no NX with GET. */
const OLDEST_MAJOR = 7;

/**
 * Looks at every server that has products and rejects when one cannot be used: `misconfigured` where it evicts, is too old
 * or (no) part of a cluster, `unavailable` where it follows another one or still loads. Answers for the weakest of them.
 */
export async function checkServers(wire: Wire, options: RedisOptions, askForSettings: boolean): Promise<ServerFacts> {
  const asked = askForSettings ? readSettings(wire) : undefined;
  const [replies, settings] = await Promise.all([wire.sendToAll(['INFO']), asked]);
  const infos = replies.map(readInfo);
  for (const info of infos) checkServer(info, options);
  const kept = infos.map((info, i) => persistenceOf(info, settings?.[i], options.durability));
  const weakest = kept.find(({ durability }) => durability !== 'disk') ?? kept[0];
  if (weakest === undefined) throw new CodedError('unavailable', 'no server of the cluster has products');
  return { version: infos[0]?.get('redis_version') ?? '', told: settings !== undefined, ...weakest };
}

type Info = ReadonlyMap<string, string>;
type Kept = Pick<ServerFacts, 'durability' | 'persistence'>;

/** `name:value` lines (INFO). */
function readInfo(reply: Reply): Info {
  const lines = String(reply)
    .split('\r\n')
    .filter((line) => line.includes(':') && !line.startsWith('#'));
  return new Map(lines.map((line) => [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 1)]));
}

function checkServer(info: Info, { cluster }: RedisOptions): void {
  const version = info.get('redis_version') ?? 'unknown';
  if (Number.parseInt(version, 10) < OLDEST_MAJOR) {
    throw new CodedError('misconfigured', `Redis ${version} is too old: ${OLDEST_MAJOR} or newer is needed`);
  }
  if (info.get('role') !== 'master') {
    throw new CodedError('unavailable', 'this Redis is a replica, which takes no writes: name its master');
  }
  if (info.get('loading') === '1') throw new CodedError('unavailable', 'Redis is still loading its data');
  const policy = info.get('maxmemory_policy') ?? 'unknown';
  if (!isSafe(policy)) {
    throw new CodedError(
      'misconfigured',
      `maxmemory-policy is ${policy}: Redis would drop products when its memory is full; set noeviction, or one of volatile-*`,
    );
  }
  const clustered = info.get('cluster_enabled') === '1';
  if (clustered && !cluster) {
    throw new CodedError('misconfigured', 'this Redis is part of a cluster: add cluster=true to the URL');
  }
}

/** The policies `volatile-*` drop only keys that expire, and no key of ours does. */
function isSafe(policy: string): boolean {
  return policy === 'noeviction' || policy.startsWith('volatile-');
}

/** Of each server; `undefined` where it is not told, as with most that others run. */
async function readSettings(wire: Wire): Promise<readonly Info[] | undefined> {
  try {
    return (await wire.sendToAll(['CONFIG', 'GET', 'append*', 'save'])).map(pairsOf);
  } catch (error) {
    if (codeOf(translate(error)) !== 'misconfigured') throw error;
    return undefined;
  }
}

function pairsOf(reply: Reply): Info {
  const texts = reply as readonly string[];
  return new Map(texts.flatMap((name, i) => (i % 2 === 0 ? [[name, texts[i + 1] ?? ''] as const] : [])));
}

/** A declaration counts only where the server does not tell. */
function persistenceOf(info: Info, settings: Info | undefined, declared: RedisOptions['durability']): Kept {
  const appends = info.get('aof_enabled') === '1';
  if (settings === undefined) return untold(appends, declared);
  const fsync = settings.get('appendfsync') ?? 'unknown';
  if (appends && fsync === 'always') return { durability: 'disk', persistence: 'synced to disk before each answer' };
  if (declared === 'disk') throw notDurable(appends ? `appendfsync is ${fsync}` : 'it has no append-only file');
  if (appends) return { durability: 'process', persistence: `append-only file, appendfsync ${fsync}` };
  const snapshots = (settings.get('save') ?? '') !== '';
  return { durability: 'process', persistence: snapshots ? 'snapshots from time to time' : 'nothing on disk' };
}

function untold(appends: boolean, declared: RedisOptions['durability']): Kept {
  if (declared !== 'disk') return { durability: 'process', persistence: 'it does not tell what it keeps on disk' };
  if (!appends) throw notDurable('it has no append-only file');
  return { durability: 'disk', persistence: 'declared to be synced to disk' };
}

function notDurable(why: string): CodedError {
  return new CodedError(
    'misconfigured',
    `option "durability" says disk, and ${why}; it needs appendonly yes and appendfsync always`,
  );
}
