import { startOwnPostgres } from '@product-updates/tooling/own-postgres';
import { expect } from 'chai';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { Agent } from 'node:http';
import { setTimeout as pause } from 'node:timers/promises';
import { startServing, type Child } from './child.ts';
import { ask } from './client.ts';
import { itUnless, itWithOwnPostgres } from './own.ts';
import { metricsOf, type Metrics } from './metrics.ts';

const hasPsql = spawnSync('psql', ['--version']).status === 0;
const itWithPsql = hasPsql ? itWithOwnPostgres : itUnless('no psql on the PATH');

/** A transaction of somebody else's, which holds locks until it is told to end. */
interface Transaction {
  commit(): Promise<void>;
}

async function lock(url: URL, product_id: string): Promise<Transaction> {
  const psql = spawn('psql', ['-XAtq', '-v', 'ON_ERROR_STOP=1', url.href], { stdio: ['pipe', 'pipe', 'inherit'] });
  psql.stdin.write(`begin; select 'locked' from products where product_id = '${product_id}' for update;\n`);
  const [said] = (await once(psql.stdout, 'data')) as [Buffer];
  expect(said.toString()).to.equal('locked\n');
  return {
    async commit() {
      psql.stdin.end('commit;\n');
      expect(await once(psql, 'exit')).to.deep.equal([0, null]);
    },
  };
}

describe('a row that others lock', function () {
  this.timeout(120_000);
  const agent = new Agent({ keepAlive: true });
  let child: (Child & { url: string }) | undefined;

  afterEach(async () => {
    child?.kill('SIGKILL');
    await child?.ended;
  });
  after(() => agent.destroy());

  itWithPsql('waits for them, becomes no letter, and keeps nobody else waiting', async () => {
    await using server = await startOwnPostgres();
    const store = new URL(server.url);
    store.searchParams.set('timeoutMs', '500');
    const env = { STORE_URL: store.href, RETRY_ATTEMPTS: '2', RETRY_BASE_MS: '20', RETRY_MAX_MS: '100' };
    const { url, ...service } = (child = await startServing(env));
    const post = async (stock: number, ...ids: string[]): Promise<void> => {
      const json = ids.map((product_id) => ({ product_id, stock }));
      expect((await ask(agent, `${url}/events`, { method: 'POST', json })).status).to.equal(202);
    };
    const stockOf = async (id: string): Promise<number | undefined> =>
      (JSON.parse((await ask(agent, `${url}/products/${id}`)).body) as { stock?: number }).stock;
    const until = async (stock: number, ...ids: string[]): Promise<void> => {
      for (const id of ids) while ((await stockOf(id)) !== stock) await pause(10);
    };
    const metrics = async (): Promise<Metrics> => metricsOf(await ask(agent, `${url}/metrics`));
    const queue = async (): Promise<unknown> => JSON.parse((await ask(agent, `${url}/queue`)).body);

    await post(1, 'locked');
    await until(1, 'locked');
    const others = await lock(server.url, 'locked');
    const neighbours = Array.from({ length: 50 }, (_, n) => `p${n}`);
    await post(2, ...neighbours.slice(0, 25), 'locked', ...neighbours.slice(25));
    await until(2, ...neighbours);
    while ((await metrics()).of('retries_total{reason="unavailable"}') < 6) await pause(20);
    await post(3, ...neighbours, 'locked');
    await until(3, ...neighbours);

    expect(await stockOf('locked')).to.equal(1);
    expect(await queue())
      .to.deep.include({ state: 'running', hold: null })
      .and.to.have.nested.include({
        'retrying.products': 1,
      });
    expect((await metrics()).of('dead_letters')).to.equal(0);

    await others.commit();
    await until(3, 'locked');
    while ((await metrics()).of('queue_depth') > 0) await pause(10);
    expect(await queue()).to.deep.include({ retrying: null });
    expect((await metrics()).of('dead_letters')).to.equal(0);
    service.kill('SIGTERM');
    expect((await service.ended).code).to.equal(0);
    expect(service.lines().filter(({ msg }) => msg === 'held' || msg === 'dead letter')).to.deep.equal([]);
  });
});
