import { hash, timingSafeEqual } from 'node:crypto';
import { CodedError } from '@product-updates/errors';

export const scopes = ['write', 'read', 'admin'] as const;
/** What a key may do: `write` POST /events, `read` products and fates, `admin` the operations. */
export type Scope = (typeof scopes)[number];

/** A client's key. Only its SHA-256 is kept. */
export interface ApiKey {
  readonly name: string;
  readonly scopes: ReadonlySet<Scope>;
  readonly digest: Buffer;
}

/**
 * Reads `name:write+read:key` entries, separated by commas; or the text of a file, one a line, where empty lines and
 * those with a `#` in front are skipped and a key may hold commas. The key is the rest, colons and all. Throws
 * `misconfigured` with the number of the entry and its fault, never with any of its text.
 */
export function parseApiKeys(text: string, form: 'list' | 'lines' = 'list'): readonly ApiKey[] {
  const entries = text
    .split(form === 'list' ? /[,\r\n]/ : /[\r\n]/)
    .map((entry) => entry.trim())
    .filter((entry) => entry !== '' && !(form === 'lines' && entry.startsWith('#')));
  const keys = entries.map((entry, index) => parseApiKey(entry, index + 1));
  if (keys.length === 0) throw new CodedError('misconfigured', 'there is no key in it');
  for (const [index, key] of keys.entries()) {
    const earlier = keys.slice(0, index);
    if (earlier.some(({ name }) => name === key.name)) throw fault(index + 1, 'its name is there twice');
    if (earlier.some(({ digest }) => digest.equals(key.digest))) throw fault(index + 1, 'its key is there twice');
  }
  return keys;
}

function parseApiKey(entry: string, number: number): ApiKey {
  const [, name = '', scopeList = '', key = ''] = /^([^:]*):([^:]*):(.*)$/.exec(entry) ?? [];
  if (key === '') throw fault(number, 'it must be name:scope+scope:key');
  if (!/^[\w.-]{1,64}$/.test(name)) throw fault(number, 'a name is 1 to 64 of A-Z a-z 0-9 . _ -');
  if (!/^[\x21-\x7e]{1,512}$/.test(key)) throw fault(number, 'a key is 1 to 512 visible ASCII characters');
  const granted = scopeList.split('+').map((text) => scopes.find((scope) => scope === text));
  if (granted.includes(undefined)) throw fault(number, `unknown scope; known: ${scopes.join(', ')}`);
  return { name, scopes: new Set(granted.filter((scope) => scope !== undefined)), digest: digestOf(key) };
}

function fault(number: number, why: string): CodedError {
  return new CodedError('misconfigured', `entry ${number}: ${why}`);
}

/**
 * The key that was presented, `undefined` where it is none of ours. The time it takes tells nothing about the keys: it is
 * their SHA-256 that is compared, each in constant time, and all of them.
 */
export function findApiKey(keys: readonly ApiKey[], presented: string): ApiKey | undefined {
  const digest = digestOf(presented);
  let found: ApiKey | undefined;
  for (const key of keys) if (timingSafeEqual(key.digest, digest)) found = key;
  return found;
}

function digestOf(key: string): Buffer {
  return hash('sha256', key, 'buffer');
}
