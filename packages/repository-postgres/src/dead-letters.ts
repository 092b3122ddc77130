import type { ProductEvent } from '@product-updates/domain';
import { CodedError } from '@product-updates/errors';
import type { DeadLetter, DeadLetterReason, DeadLetterStore } from '@product-updates/repository';
import type { PgValue, Row } from './client.ts';
import { type CallKind, IS_PRIMARY, type Pool } from './pool.ts';
import { quoted } from './schema-name.ts';

/**
 * The dead letters of a schema. The bound is exact over all connections: whoever adds or removes holds the lock of the
 * row that counts, so letters are written one after the other.
 */
export function createDeadLetters(
  pool: Pool,
  { schema, max }: { readonly schema: string; readonly max: number },
): DeadLetterStore {
  const table = `${quoted(schema)}.dead_letters`;
  const count = `${quoted(schema)}.dead_letter_count`;
  const locked = `(select letters from ${count} for update) as count`;
  const ask = (kind: CallKind, text: string, values: readonly PgValue[]): Promise<readonly Row[]> =>
    pool.query({ kind, text }, () => values);

  return {
    async add(letter) {
      const text =
        `insert into ${table} as stored (id, product_id, reason, error, attempts, failed_at, event, bytes) ` +
        `select $1::text, $2::text, $3::text, $4::text, $5::integer, $6::timestamptz, $7::json, $8::bytea ` +
        `from ${locked} where count.letters < $9::bigint or exists (select from ${table} where id = $1::text) ` +
        `on conflict (id) do update set product_id = excluded.product_id, reason = excluded.reason, ` +
        `error = excluded.error, attempts = excluded.attempts, failed_at = excluded.failed_at, ` +
        `event = excluded.event, bytes = excluded.bytes returning 1`;
      const rows = await ask('write', text, [...valuesOf(letter), String(max)]);
      if (rows.length === 0) throw new CodedError('full', `the store holds ${max} dead letters, its bound`);
    },
    async list({ limit, after = '' }) {
      const text = `select ${COLUMNS} from ${table} where id > $1 and ${IS_PRIMARY} order by id limit $2`;
      // No id contains U+0000, so those larger than a text with it are those larger than what stands before it.
      const rows = await ask('read', text, [after.split('\0', 1)[0] ?? '', String(limit)]);
      return rows.map(letterOf);
    },
    async get(id) {
      if (id.includes('\0')) return undefined;
      const [row] = await ask('read', `select ${COLUMNS} from ${table} where id = $1 and ${IS_PRIMARY}`, [id]);
      return row === undefined ? undefined : letterOf(row);
    },
    async remove(id) {
      if (id.includes('\0')) return false;
      const rows = await ask('write', `delete from ${table} using ${locked} where id = $1 returning 1`, [id]);
      return rows.length > 0;
    },
    async count() {
      const [row] = await ask('read', `select letters from ${count} where ${IS_PRIMARY}`, []);
      return Number(row?.[0] ?? 0);
    },
  };
}

const COLUMNS =
  `id, product_id, reason, error, attempts, ` +
  `to_char(failed_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'), event, bytes`;

/** The values are copied here and now: the bytes may be a view into a buffer that is written again. */
function valuesOf(letter: DeadLetter): PgValue[] {
  return [
    letter.id,
    holdable(letter.product_id),
    letter.reason,
    holdable(letter.error),
    String(letter.attempts),
    letter.failed_at,
    letter.event === null ? null : JSON.stringify(letter.event),
    letter.bytes === null ? null : Buffer.from(letter.bytes),
  ];
}

/** PostgreSQL cannot hold U+0000. A letter that is not written would hold everything up, for a key nobody can read. */
function holdable(text: string): string {
  return text.replaceAll('\0', '\u{fffd}');
}

function letterOf([id, product_id, reason, error, attempts, failed_at, event, bytes]: Row): DeadLetter {
  return {
    id: id as string,
    product_id: product_id as string,
    reason: reason as DeadLetterReason,
    error: error as string,
    attempts: Number(attempts),
    failed_at: failed_at as string,
    event: typeof event === 'string' ? (JSON.parse(event) as ProductEvent) : null,
    bytes: typeof bytes === 'string' ? new Uint8Array(Buffer.from(bytes.slice(2), 'hex')) : null, // \x…
  };
}
