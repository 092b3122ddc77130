import { systemClock } from '@product-updates/queue';
import {
  createTcpProxy,
  type FailoverFaults,
  forkStore,
  type Place,
  type ServerFaults,
  type StorageFaults,
  type TcpProxy,
} from '@product-updates/repository/contract';
import { migratePostgres, openPostgresStore } from '@product-updates/repository-postgres';
import pg from 'pg';
import { countAnswers } from './answer-counter.ts';
import { ask, bare, liveUrl, newSchema, type OwnPostgres, ownPostgres, ownStandby, withOptions } from './servers.ts';

/** Those that kill, stop or fill the server. */
export const HURTS_THE_SERVER: readonly string[] = ['R10.3', 'R17.2', 'R18', 'R19', 'R27'];
const OPENS_NEW_DATA = 'R20.1';

const PROCESS = new URL('postgres-process.ts', import.meta.url);

/** A schema on the live server, or on our own where it is to be hurt; behind a proxy, and one that counts round trips. */
export async function createPlace(id: string): Promise<Place> {
  const own = HURTS_THE_SERVER.includes(id.replace(/^R27.*/, 'R27')) ? await ownPostgres() : undefined;
  const server = own?.url ?? liveUrl();
  const schema = newSchema();
  const direct = withOptions(server, { schema, application_name: schema });
  if (id !== OPENS_NEW_DATA) await migratePostgres(direct, { direction: 'up', log: () => {} });
  // What the stores' name stands for: it may move.
  const target = { host: server.hostname, port: Number(server.port || 5432) };
  const counter = await countAnswers(target);
  const proxy = await createTcpProxy({ host: '127.0.0.1', port: counter.port });

  return {
    open({ deadLetterMax, timeoutMs }) {
      const url = withOptions(direct, { timeoutMs, startTimeoutMs: timeoutMs });
      url.port = String(proxy.port);
      return openPostgresStore(url, { deadLetterMax, clock: systemClock });
    },
    async remove() {
      await proxy[Symbol.asyncDispose]();
      await counter[Symbol.asyncDispose]();
      await ask(server, `drop schema ${schema} cascade`);
    },
    faults: {
      network: proxy,
      fork: () => forkStore({ module: PROCESS, args: [direct.href] }),
      roundTrips: async () => counter.answers,
      held: () => connectionsOf(server, schema),
      locks: { hold: (product_id) => holdRow(server, schema, product_id) },
      ...(own !== undefined && {
        server: serverFaults(own),
        storage: readOnly(own),
        failover: failoverFaults(own, { target, proxy, schema }),
      }),
    },
  };
}

interface Way {
  readonly target: { port: number };
  readonly proxy: TcpProxy;
  readonly schema: string;
}

function failoverFaults(own: OwnPostgres, { target, proxy, schema }: Way): FailoverFaults {
  async function moveTo(port: number): Promise<void> {
    await proxy.cause('refused'); // ends what is connected
    target.port = port;
    await proxy.heal();
  }
  return {
    async readOnly() {
      await ask(own.url, 'alter database postgres set default_transaction_read_only = on');
      await ask(
        own.url,
        'select pg_terminate_backend(pid) from pg_stat_activity where application_name = $1 and pid <> pg_backend_pid()',
        [schema],
      );
    },
    async replica() {
      const standby = await ownStandby();
      const text = `select product_id from ${schema}.products`;
      while ((await ask(standby.url, text).catch(() => [])).length === 0); // until it has caught up
      await moveTo(standby.port);
    },
    async primary() {
      target.port = own.port;
      // As one that may: its session is as read-only as all are.
      await ask(
        own.url,
        'set transaction_read_only = off; alter database postgres reset default_transaction_read_only',
      );
    },
  };
}

async function holdRow(server: URL, schema: string, product_id: string): Promise<() => Promise<void>> {
  const client = new pg.Client({ connectionString: bare(server).href });
  await client.connect();
  await client.query('begin');
  await client.query(`select from ${schema}.products where product_id = $1 for update`, [product_id]);
  let ended: Promise<void> | undefined;
  return () => (ended ??= client.end());
}

async function connectionsOf(server: URL, applicationName: string): Promise<number> {
  const text = 'select count(*)::integer as held from pg_stat_activity where application_name = $1';
  const [row] = await ask(server, text, [applicationName]);
  return row?.['held'] as number;
}

function serverFaults(own: OwnPostgres): ServerFaults {
  return {
    kill: () => own.kill(),
    start: () => own.start(),
    pause: () => own.pause(),
    resume: () => own.resume(),
  };
}

/** What an operator does to a server whose disk is nearly full. A disk that is full has a test of its own. */
function readOnly(own: OwnPostgres): StorageFaults {
  async function set(value: 'on' | 'off'): Promise<void> {
    // A client of its own each time: it must be able to write its setting.
    await ask(own.url, `alter system set default_transaction_read_only = ${value}`);
    await ask(own.url, 'select pg_reload_conf()');
    for (;;) {
      const [row] = await ask(own.url, 'show default_transaction_read_only');
      if (row?.['default_transaction_read_only'] === value) return;
    }
  }
  return { fill: () => set('on'), free: () => set('off') };
}
