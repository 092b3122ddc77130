import { systemClock } from '@product-updates/queue';
import {
  createTcpProxy,
  forkStore,
  type Place,
  type ServerFaults,
  type StorageFaults,
} from '@product-updates/repository/contract';
import { migratePostgres, openPostgresStore } from '@product-updates/repository-postgres';
import { countAnswers } from './answer-counter.ts';
import { ask, liveUrl, newSchema, type OwnPostgres, ownPostgres, withOptions } from './servers.ts';

/** Those that kill, stop or fill the server. */
export const HURTS_THE_SERVER: readonly string[] = ['R10.3', 'R17.2', 'R18', 'R19'];
const OPENS_NEW_DATA = 'R20.1';

const PROCESS = new URL('postgres-process.ts', import.meta.url);

/** A schema on the live server, or on our own where it is to be hurt; behind a proxy, and one that counts round trips. */
export async function createPlace(id: string): Promise<Place> {
  const own = HURTS_THE_SERVER.includes(id) ? await ownPostgres() : undefined;
  const server = own?.url ?? liveUrl();
  const schema = newSchema();
  const direct = withOptions(server, { schema, application_name: schema });
  if (id !== OPENS_NEW_DATA) await migratePostgres(direct, { direction: 'up', log: () => {} });
  const counter = await countAnswers({ host: server.hostname, port: Number(server.port || 5432) });
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
      ...(own !== undefined && { server: serverFaults(own), storage: readOnly(own) }),
    },
  };
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
