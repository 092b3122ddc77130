import { hash, timingSafeEqual } from 'node:crypto';
import { CodedError } from '@product-updates/errors';

export const scopes = ['write', 'read', 'admin'] as const;
/** What a key may do: `write` POST /events, `read` products and fates, `admin` the operations. */
export type Scope = (typeof scopes)[number];

const KEY_MIN = 16;

/** A client's key. Only its SHA-256 is kept. */
export interface ApiKey {
  readonly name: string;
  readonly scopes: ReadonlySet<Scope>;
  readonly digest: Buffer;
}

/**
 * Reads `name:write+read:key` entries, separated by commas; or the text of a file, one a line, where empty lines and
 * those with a `#` in front are skipped and a key may hold commas. The key is the rest, colons and all. Throws
 * `misconfigured` with the number of the entry and its fault, never with any of the key.
 */
export function parseApiKeys(text: string, form: 'list' | 'lines' = 'list'): readonly ApiKey[] {
  const entries = text
    .split(form === 'list' ? /[,\r\n]/ : /[\r\n]/)
    .map((entry) => entry.trim())
    .filter((entry) => entry !== '' && !(form === 'lines' && entry.startsWith('#')));
  const keys = entries.map((entry, index) => parseApiKey(entry, index + 1));
  if (keys.length === 0) throw new CodedError('misconfigured', 'there is no key in it');
  const names = new Set<string>();
  const digests = new Set<string>();
  for (const [index, { name, digest }] of keys.entries()) {
    if (names.size === names.add(name).size) throw fault(index + 1, 'its name is there twice');
    if (digests.size === digests.add(textOf(digest)).size) throw fault(index + 1, 'its key is there twice');
  }
  return keys;
}

function parseApiKey(entry: string, number: number): ApiKey {
  const [, name = '', scopeList = '', key = ''] = /^([^:]*):([^:]*):(.*)$/.exec(entry) ?? [];
  if (key === '') throw fault(number, 'it must be name:scope+scope:key');
  if (!/^[\w.-]{1,64}$/.test(name)) throw fault(number, 'a name is 1 to 64 of A-Z a-z 0-9 . _ -');
  if (!/^[\x21-\x7e]{1,512}$/.test(key)) throw fault(number, 'a key is 1 to 512 visible ASCII characters');
  if (key.length < KEY_MIN) throw fault(number, `a key has at least ${KEY_MIN} characters`, name);
  const granted = scopeList.split('+').map((text) => scopes.find((scope) => scope === text));
  if (granted.includes(undefined)) throw fault(number, `unknown scope; known: ${scopes.join(', ')}`);
  return { name, scopes: new Set(granted.filter((scope) => scope !== undefined)), digest: digestOf(key) };
}

/** A name is told, unless it is as long as a key: in `key:scopes:name`, the wrong way round, it is one. */
function fault(number: number, why: string, name = ''): CodedError {
  const named = name !== '' && name.length < KEY_MIN ? ` (${name})` : '';
  return new CodedError('misconfigured', `entry ${number}${named}: ${why}`);
}

/** Returns the key that was presented, `undefined` where it is none of these. */
export type FindApiKey = (presented: string) => ApiKey | undefined;

/**
 * One look-up by SHA-256, however many keys there are; what it finds is compared in constant time. Nobody can choose a key
 * whose digest comes near a given one, so how long the look-up takes tells nothing about the keys.
 */
export function createKeyFinder(keys: readonly ApiKey[]): FindApiKey {
  const byDigest = new Map(keys.map((key) => [textOf(key.digest), key]));
  return (presented) => {
    const digest = digestOf(presented);
    const key = byDigest.get(textOf(digest));
    return key !== undefined && timingSafeEqual(key.digest, digest) ? key : undefined;
  };
}

function textOf(digest: Buffer): string {
  return digest.toString('latin1');
}

function digestOf(key: string): Buffer {
  return hash('sha256', key, 'buffer');
}
