import { Client } from 'pg';
import { delay } from '../process/probe.ts';

/** Schemas of one run, dropped at its end. */
export interface Schemas extends AsyncDisposable {
  /** Makes it and answers its name. */
  create(name: string): Promise<string>;
  /**
   * What was written to the table `products` of it, as the server counted. A session tells its counts when it ends, so
   * ask after those that wrote were closed; waits until as many writes as `expected` are told, for some seconds at most.
   */
  rowWrites(schema: string, expected: number): Promise<RowWrites>;
}

export interface RowWrites {
  readonly inserted: number;
  readonly updated: number;
  /** Of the updated ones, those that touched no index. */
  readonly hotUpdated: number;
}

const TOLD_WITHIN_MS = 15_000;
const ASK_AGAIN_MS = 50;

export async function openSchemas(url: URL): Promise<Schemas> {
  const client = new Client({ connectionString: url.href });
  await client.connect();
  const created: string[] = [];
  return {
    async create(name) {
      const schema = `bench_${process.pid}_${name}`;
      await client.query(`create schema ${schema}`);
      created.push(schema);
      return schema;
    },
    async rowWrites(schema, expected) {
      const deadline = performance.now() + TOLD_WITHIN_MS;
      for (;;) {
        const writes = await countWrites(client, schema);
        if (writes.inserted + writes.updated >= expected || performance.now() > deadline) return writes;
        await delay(ASK_AGAIN_MS);
      }
    },
    async [Symbol.asyncDispose]() {
      for (const schema of created) await client.query(`drop schema ${schema} cascade`);
      await client.end();
    },
  };
}

async function countWrites(client: Client, schema: string): Promise<RowWrites> {
  const { rows } = await client.query<RowWrites>(
    `select n_tup_ins::float8 as inserted, n_tup_upd::float8 as updated, n_tup_hot_upd::float8 as "hotUpdated"
      from pg_stat_user_tables where schemaname = $1 and relname = 'products'`,
    [schema],
  );
  return rows[0] ?? { inserted: 0, updated: 0, hotUpdated: 0 };
}
