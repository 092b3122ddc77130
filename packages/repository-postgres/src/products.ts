import { NEVER, type ProductRecord, type Version } from '@product-updates/domain';
import type { ProductReader, ProductWriter } from '@product-updates/repository';
import { type NextNumber, numbersIn, textsIn } from './array-answers.ts';
import { bigintArray, numericArray, textArray } from './arrays.ts';
import type { PgValue, Row } from './client.ts';
import { joinGets } from './joined-gets.ts';
import { IS_PRIMARY, type Pool, type Statement, statementTimeoutMs } from './pool.ts';
import { quoted } from './schema-name.ts';

const COLUMNS = 'product_id, price, price_version, stock, stock_version';

/** The products of a schema. */
export interface PostgresProducts extends ProductReader, ProductWriter {
  highestVersion(): Promise<Version>;
  /** Rejects where rows of the table cannot be written. */
  ping(): Promise<void>;
}

export function createProducts(
  pool: Pool,
  { schema, scanTimeoutMs }: { readonly schema: string; readonly scanTimeoutMs: number },
): PostgresProducts {
  const table = `${quoted(schema)}.products`;
  const apply: Statement = { kind: 'write', name: 'apply_products', text: applyText(table) };
  const select = `select ${COLUMNS} from ${table} where product_id = any($1::text[]) and ${IS_PRIMARY}`;
  const get: Statement = { kind: 'read', name: 'get_products', text: select };
  // Locks no row, and fails where none may be locked: on a standby, in a read-only session, without the right to.
  const lockNone: Statement = { kind: 'write', text: `select from ${table} where false for update` };
  const highest: Statement = {
    kind: 'read',
    timeoutMs: scanTimeoutMs,
    // Sent as one message, which is a transaction: so the time-outs are this statement's alone, and an error ends both. After
    // a `begin` it would leave the session in a transaction that has failed.
    text:
      `set local statement_timeout = ${statementTimeoutMs(scanTimeoutMs)}; set local lock_timeout = 0; ` +
      `select greatest(max(price_version), max(stock_version)) from ${table} where ${IS_PRIMARY}`,
  };

  async function find(ids: () => readonly string[]): Promise<Map<string, ProductRecord>> {
    const rows = await pool.query(get, () => [textArray(ids())]);
    return new Map(rows.map((row) => [row[0] as string, recordOf(row)]));
  }
  const getOne = joinGets(find);

  return {
    // PostgreSQL cannot hold U+0000, so there is no product whose id contains it.
    get: async (product_id) => (product_id.includes('\0') ? undefined : getOne(product_id)),
    async getMany(ids) {
      const askable = ids.filter((id) => !id.includes('\0'));
      const found = await find(() => askable);
      return ids.map((id) => found.get(id));
    },
    async apply(records) {
      const values = parametersOf(records);
      const [row] = await pool.query(apply, () => values);
      return row === undefined ? [] : recordsOf(row);
    },
    async highestVersion() {
      const rows = await pool.query(highest);
      return Number(rows[0]?.[0] ?? 0) as Version;
    },
    async ping() {
      await pool.query(lockNone);
    },
  };
}

/**
 * `merge` of domain in SQL: per field the larger version wins, at the same version the larger value. A null is larger
 * than nothing and only stands at version 0, so it never wins. All writers lock rows in the byte order of their ids,
 * else two batches could wait for each other.
 */
function applyText(table: string): string {
  const isNewer = (field: 'price' | 'stock'): string =>
    `(excluded.${field}_version > stored.${field}_version ` +
    `or excluded.${field}_version = stored.${field}_version and excluded.${field} > stored.${field})`;
  const newer = (field: 'price' | 'stock'): string =>
    `${field} = case when ${isNewer(field)} then excluded.${field} else stored.${field} end, ` +
    `${field}_version = greatest(excluded.${field}_version, stored.${field}_version)`;
  return (
    `with changed as (insert into ${table} as stored (${COLUMNS}) ` +
    `select * from (${UPDATES}) as update (${COLUMNS}) order by update.product_id collate "C" ` +
    `on conflict (product_id) do update set ${newer('price')}, ${newer('stock')} ` +
    `where ${isNewer('price')} or ${isNewer('stock')} returning ${COLUMNS}) ` +
    `select ${COLUMNS.replaceAll(/\w+/g, 'array_agg($&)')} from changed`
  );
}

/**
 * In the select list all arrays are walked at once; in a `from` the server would first write each to a tuplestore of its
 * own. The answer is one row of arrays because a row for each product was most of what our process allocated.
 */
const UPDATES =
  `select unnest($1::text[]), unnest($2::numeric[]), ` +
  `unnest($3::bigint[]), unnest($4::bigint[]), unnest($5::bigint[])`;

/** Copies what it needs at the call: the caller may change its records while they wait for a connection. */
function parametersOf(records: readonly ProductRecord[]): PgValue[] {
  const ids: string[] = [];
  const prices: (number | null)[] = [];
  const priceVersions: number[] = [];
  const stocks: (number | null)[] = [];
  const stockVersions: number[] = [];
  for (const record of records) {
    ids.push(record.product_id);
    prices.push(record.price);
    priceVersions.push(record.price_version);
    stocks.push(record.stock);
    stockVersions.push(record.stock_version);
  }
  return [
    textArray(ids),
    numericArray(prices),
    bigintArray(priceVersions),
    bigintArray(stocks),
    bigintArray(stockVersions),
  ];
}

function recordOf(row: Row): ProductRecord {
  const [product_id, price, priceVersion, stock, stockVersion] = [row[0], row[1], row[2], row[3], row[4]];
  return {
    product_id: product_id as string,
    price: price === null ? null : Number(price),
    price_version: Number(priceVersion) as Version,
    stock: stock === null ? null : Number(stock),
    stock_version: Number(stockVersion) as Version,
  };
}

/**
 * V8 allocates what a literal makes in its old generation, once it saw many of them live for a while, and frees it there
 * by full collections only. A copy is always young.
 */
const BLANK = { product_id: '', price: null, price_version: NEVER, stock: null, stock_version: NEVER };

/** Of one row of arrays, each null where nothing changed. */
function recordsOf([ids, ...columns]: Row): ProductRecord[] {
  if (ids === null || ids === undefined) return [];
  const [price, priceVersion, stock, stockVersion] = columns.map((column) => numbersIn(column as string)) as [
    NextNumber,
    NextNumber,
    NextNumber,
    NextNumber,
  ];
  return textsIn(ids).map((product_id) => ({
    ...BLANK,
    product_id,
    price: price(),
    price_version: priceVersion() as Version,
    stock: stock(),
    stock_version: stockVersion() as Version,
  }));
}
