import { Client } from 'pg';
import type { ProductRecord } from '@product-updates/domain';
import { LANES } from '../subjects/service-defaults.ts';
import type { Side } from './contest.ts';

/** The statement that does the same, on as many connections as there are lanes, with nothing around it. */
export interface BarePostgres extends Side, AsyncDisposable {}

/** In a schema that is there. */
export async function openBarePostgres(url: URL, schema: string): Promise<BarePostgres> {
  const clients = await Promise.all(Array.from({ length: LANES }, () => connected(url)));
  const [first] = clients;
  await first?.query(tableOf(schema));
  const statement = { name: 'apply', text: statementOf(schema), rowMode: 'array' as const };
  const idle = [...clients];
  return {
    prepare(records) {
      const values = columnsOf(records);
      return async () => {
        const client = idle.pop();
        if (client === undefined) throw new Error('more at once than there are lanes');
        const { rows } = await client.query({ ...statement, values });
        idle.push(client);
        return rows.length;
      };
    },
    async [Symbol.asyncDispose]() {
      await Promise.all(clients.map((client) => client.end()));
    },
  };
}

async function connected(url: URL): Promise<Client> {
  const client = new Client({ connectionString: url.href });
  await client.connect();
  return client;
}

function tableOf(schema: string): string {
  return `create table ${schema}.products (
    product_id text collate "C" primary key,
    price numeric, price_version bigint not null,
    stock bigint, stock_version bigint not null
  ) with (fillfactor = 80)`;
}

function statementOf(schema: string): string {
  const field = (
    name: string,
  ): string => `${name} = case when ${newer(name)} then excluded.${name} else old.${name} end,
    ${name}_version = greatest(old.${name}_version, excluded.${name}_version)`;
  return `insert into ${schema}.products as old (product_id, price, price_version, stock, stock_version)
    select * from unnest($1::text[], $2::numeric[], $3::bigint[], $4::bigint[], $5::bigint[]) as n(id, p, pv, s, sv)
    order by n.id collate "C"
    on conflict (product_id) do update set ${field('price')}, ${field('stock')}
    where ${newer('price')} or ${newer('stock')}
    returning product_id, price, price_version, stock, stock_version`;
}

function newer(name: string): string {
  return `(excluded.${name}_version, excluded.${name}) > (old.${name}_version, old.${name})`;
}

/** Whole numbers in binary, which the server reads faster. Our ids need no quotes, and nothing is null. */
function columnsOf(records: readonly ProductRecord[]): (string | Buffer)[] {
  return [
    `{${records.map(({ product_id }) => product_id).join(',')}}`,
    `{${records.map(({ price }) => price).join(',')}}`,
    bigints(records.map(({ price_version }) => price_version)),
    bigints(records.map(({ stock }) => stock ?? 0)),
    bigints(records.map(({ stock_version }) => stock_version)),
  ];
}

const INT8_OID = 20;

/** As `array_recv` of PostgreSQL reads it: dimensions, nulls, type, length, first index; then length and value of each. */
function bigints(values: readonly number[]): Buffer {
  const buffer = Buffer.alloc(20 + values.length * 12);
  for (const [index, word] of [1, 0, INT8_OID, values.length, 1].entries()) buffer.writeInt32BE(word, index * 4);
  for (const [index, value] of values.entries()) {
    buffer.writeInt32BE(8, 20 + index * 12);
    buffer.writeBigInt64BE(BigInt(value), 24 + index * 12);
  }
  return buffer;
}
