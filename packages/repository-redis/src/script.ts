import { createHash } from 'node:crypto';
import { ErrorReply } from '@redis/client';
import type { Reply } from './client.ts';
import type { Wire } from './link.ts';

/** A Lua script and the name under which Redis remembers it: the SHA-1 of its source. */
export interface Script {
  readonly source: string;
  readonly sha: string;
}

export function defineScript(source: string): Script {
  return { source, sha: createHash('sha1').update(source).digest('hex') };
}

/**
 * Runs it where its first key lives. A server that does not know it (new, restarted, flushed, failed over) is sent the
 * source, and knows it from then on.
 */
export async function runScript(
  wire: Wire,
  { source, sha }: Script,
  keys: readonly string[],
  args: readonly string[],
): Promise<Reply> {
  const route = keys[0] ?? '';
  const count = String(keys.length);
  try {
    return await wire.send(route, ['EVALSHA', sha, count, ...keys, ...args]);
  } catch (error) {
    if (!(error instanceof ErrorReply) || !error.message.startsWith('NOSCRIPT')) throw error;
    return wire.send(route, ['EVAL', source, count, ...keys, ...args]);
  }
}
