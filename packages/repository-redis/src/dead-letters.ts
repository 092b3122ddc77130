import { CodedError } from '@product-updates/errors';
import type { DeadLetter, DeadLetterStore } from '@product-updates/repository';
import type { Connection } from './connection.ts';
import type { Keys } from './keys.ts';
import { letterFromText, letterToText } from './letter-text.ts';
import { defineScript, runScript } from './script.ts';

/** KEYS: ids, letters. ARGV: id, letter, bound. Answers 0 at the bound. */
const addScript = defineScript(`
if redis.call('HEXISTS', KEYS[2], ARGV[1]) == 0 and redis.call('HLEN', KEYS[2]) >= tonumber(ARGV[3]) then return 0 end
redis.call('HSET', KEYS[2], ARGV[1], ARGV[2])
redis.call('ZADD', KEYS[1], 0, ARGV[1])
return 1
`);

/** KEYS: ids, letters. ARGV: id. Answers how many there were. */
const removeScript = defineScript(`
redis.call('ZREM', KEYS[1], ARGV[1])
return redis.call('HDEL', KEYS[2], ARGV[1])
`);

/** KEYS: ids, letters. ARGV: lower end as ZRANGE has it, limit. Lua passes on some thousand arguments at once, not more. */
const listScript = defineScript(`
local ids = redis.call('ZRANGE', KEYS[1], ARGV[1], '+', 'BYLEX', 'LIMIT', 0, ARGV[2])
local letters = {}
for from = 1, #ids, 1000 do
  local part = redis.call('HMGET', KEYS[2], unpack(ids, from, math.min(from + 999, #ids)))
  for i = 1, #part do letters[#letters + 1] = part[i] end
end
return letters
`);

export interface DeadLettersOptions {
  readonly connection: Connection;
  readonly keys: Keys;
  /** How many there may be. Counting and adding are one step. */
  readonly max: number;
}

export function createRedisDeadLetters({ connection, keys, max }: DeadLettersOptions): DeadLetterStore {
  const both = [keys.letterIds, keys.letters];
  return {
    async add(letter) {
      const args = [letter.id, letterToText(letter), String(max)];
      const added = await connection.write((wire) => runScript(wire, addScript, both, args));
      if (added === 0) throw new CodedError('full', `the store holds ${max} dead letters, its bound`);
    },
    async list({ limit, after }) {
      const args = [after === undefined ? '-' : `(${after}`, String(limit)];
      const found = await connection.read((wire) => runScript(wire, listScript, both, args));
      return (found as readonly (string | null)[]).flatMap((text) => letterOf(text) ?? []);
    },
    get: (id) =>
      connection.read(async (wire) =>
        letterOf((await wire.send(keys.letters, ['HGET', keys.letters, id])) as string | null),
      ),
    async remove(id) {
      return (await connection.write((wire) => runScript(wire, removeScript, both, [id]))) === 1;
    },
    count: () => connection.read(async (wire) => (await wire.send(keys.letters, ['HLEN', keys.letters])) as number),
  };
}

function letterOf(text: string | null): DeadLetter | undefined {
  return text === null ? undefined : letterFromText(text);
}
