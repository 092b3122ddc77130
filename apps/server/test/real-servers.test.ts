import { startOwnPostgres } from '@product-updates/tooling/own-postgres';
import { startOwnRedis } from '@product-updates/tooling/own-redis';
import { expect } from 'chai';
import { Agent } from 'node:http';
import { startChild, type Child, type Environment } from './child.ts';
import { ask } from './client.ts';
import { itWithOwnPostgres, itWithOwnRedis } from './own.ts';

describe('with real servers', function () {
  this.timeout(60_000);
  const children: Child[] = [];
  const agent = new Agent({ keepAlive: true });

  afterEach(async () => {
    for (const child of children.splice(0)) {
      child.kill('SIGKILL');
      await child.ended;
    }
  });
  after(() => agent.destroy());

  function starting(env: Environment): Child {
    const child = startChild({ PORT: '0', ...env });
    children.push(child);
    return child;
  }

  async function expectServing(child: Child): Promise<void> {
    const { address } = await child.said('started');
    const json = { product_id: 'p1', price: 99.99, stock: 50 };
    expect((await ask(agent, `${String(address)}/events`, { method: 'POST', json })).status).to.equal(202);
    while ((await ask(agent, `${String(address)}/products/p1`)).status !== 200);
    expect(JSON.parse((await ask(agent, `${String(address)}/products/p1`)).body)).to.deep.equal(json);
  }

  for (const [name, itWithIt, startOwn] of [
    ['PostgreSQL', itWithOwnPostgres, startOwnPostgres],
    ['Redis', itWithOwnRedis, startOwnRedis],
  ] as const) {
    itWithIt(`waits for a ${name} that is down, and serves when it is up`, async () => {
      await using server = await startOwn();
      await server.kill();
      const child = starting({ STORE_URL: server.url.href });
      const { error } = await child.said('waiting for STORE_URL: it cannot be used yet');
      expect(error).to.include('ECONNREFUSED');
      await server.start();
      await expectServing(child);
      child.kill('SIGTERM');
      expect((await child.ended).code).to.equal(0);
    });
  }

  itWithOwnPostgres('does not wait for a PostgreSQL that will not have us', async () => {
    await using server = await startOwnPostgres();
    const url = new URL(server.url);
    url.username = 'nobody';
    url.password = 'hunter2';
    const { code, stderr } = await starting({ STORE_URL: url.href }).ended;
    expect(code).to.equal(1);
    expect(stderr).to.match(/^product-update-service: STORE_URL: .*nobody.*\n$/);
    expect(stderr).not.to.include('hunter2');
  });

  itWithOwnRedis('does not wait for a Redis that would evict products', async () => {
    await using server = await startOwnRedis({ args: ['--maxmemory', '10mb', '--maxmemory-policy', 'allkeys-lru'] });
    const { code, stderr } = await starting({ STORE_URL: server.url.href }).ended;
    expect(code).to.equal(1);
    expect(stderr).to.match(/^product-update-service: STORE_URL: .*maxmemory-policy is allkeys-lru.*\n$/);
  });
});
