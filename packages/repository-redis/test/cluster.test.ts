import { setTimeout as wait } from 'node:timers/promises';
import { expect } from 'chai';
import { NEVER, type ProductRecord, type Version } from '@product-updates/domain';
import { codeOf } from '@product-updates/errors';
import { systemClock } from '@product-updates/queue';
import type { OpenedStore } from '@product-updates/repository';
import { openRedisStore } from '@product-updates/repository-redis';
import { liveService } from '@product-updates/tooling/live-service';
import { announce, type OwnCluster, ready, startOwnCluster } from './own-cluster.ts';
import { redisCommand } from './redis-commands.ts';

const live = await liveService('redis');

describe('a cluster that changes', function changing() {
  this.timeout(30_000);
  let cluster: OwnCluster;
  before(async function start() {
    if ('missing' in live) return this.skip();
    cluster = await startOwnCluster();
  });
  after(async () => {
    if (!('missing' in live)) await cluster[Symbol.asyncDispose]();
  });

  const ids = Array.from({ length: 300 }, (_, i) => `p${i}`);

  it('spreads products over all servers, and describes what it found', async () => {
    const { store, description, durability } = await open(cluster.url);
    await using _ = store;
    await store.products.apply(ids.map((id) => priceOf(id, 1)));
    for (const size of await cluster.each('DBSIZE')) expect(size).to.be.greaterThan(60);
    expect(description).to.match(/Redis 7.*cluster, keys product-updates:\*, append-only file, appendfsync everysec/);
    expect(durability).to.equal('process');
  });

  it('one server that evicts is one too many, and a password stays hidden', async () => {
    const third = cluster.nodes[2]!.server.url;
    await redisCommand(third, 'CONFIG', 'SET', 'maxmemory-policy', 'allkeys-lru');
    expect(await codeFrom(open(cluster.url))).to.equal('misconfigured');
    await redisCommand(third, 'CONFIG', 'SET', 'maxmemory-policy', 'noeviction');
    const url = new URL(cluster.url);
    url.password = 'open-sesame';
    try {
      await open(url);
      expect.fail('it was opened');
    } catch (error) {
      expect(codeOf(error)).to.equal('misconfigured');
      expect(`${String(error)} ${String((error as Error).cause)}`)
        .to.match(/AUTH/)
        .and.not.to.include('sesame');
    }
  });

  it('follows a slot that has moved, also while it moves', async () => {
    const { store } = await open(cluster.url);
    await using _ = store;
    await store.products.apply(ids.map((id) => priceOf(id, 2)));
    const key = 'product-updates:product:p7';
    const slot = String(await redisCommand(cluster.nodes[0]!.server.url, 'CLUSTER', 'KEYSLOT', key));
    const from = cluster.nodes[Math.floor((Number(slot) * 3) / 16_384)]!;
    const to = cluster.nodes.find((node) => node !== from)!;
    const [fromId, toId] = (await Promise.all(
      [from, to].map(({ server }) => redisCommand(server.url, 'CLUSTER', 'MYID')),
    )) as [string, string];
    await redisCommand(to.server.url, 'CLUSTER', 'SETSLOT', slot, 'IMPORTING', fromId);
    await redisCommand(from.server.url, 'CLUSTER', 'SETSLOT', slot, 'MIGRATING', toId);
    await redisCommand(from.server.url, 'MIGRATE', '127.0.0.1', `${to.server.port}`, key, '0', '5000');
    await store.products.apply([priceOf('p7', 3)]);
    expect((await store.products.get('p7'))?.price_version, 'while it moves').to.equal(3);
    for (const { server } of [to, from]) await redisCommand(server.url, 'CLUSTER', 'SETSLOT', slot, 'NODE', toId);
    await store.products.apply(ids.map((id) => priceOf(id, 4)));
    expect((await store.products.get('p7'))?.price_version, 'after it').to.equal(4);
  });

  it('one server killed: unavailable for its products, and works again when it is back', async () => {
    const { store } = await open(cluster.url);
    await using _ = store;
    await store.products.apply(ids.map((id) => priceOf(id, 5)));
    const killed = cluster.nodes[1]!;
    await killed.server.kill();
    expect(await codeFrom(store.products.apply(ids.map((id) => priceOf(id, 6))))).to.equal('unavailable');
    expect(await codeFrom(store.products.getMany(ids))).to.equal('unavailable');
    expect(await codeFrom(store.ping())).to.equal('unavailable');
    await killed.server.start();
    await announce(killed);
    await ready(cluster.nodes);
    await eventually(() => store.ping());
    expect(await store.products.apply(ids.map((id) => priceOf(id, 7)))).to.have.length(ids.length);
    expect(await store.highestVersion()).to.equal(7);
  });

  it('one seed that is away does not matter', async () => {
    const url = new URL(cluster.url);
    url.searchParams.set('nodes', `127.0.0.1:1,${url.searchParams.get('nodes')}`);
    for (let i = 0; i < 5; i++) await (await open(url)).store[Symbol.asyncDispose]();
  });

  it('no seed that answers is unavailable', async () => {
    const url = new URL('redis://127.0.0.1:1?cluster=true&timeoutMs=500');
    expect(await codeFrom(open(url))).to.equal('unavailable');
  });
});

function open(url: URL): Promise<OpenedStore> {
  return openRedisStore(url, { deadLetterMax: 10, clock: systemClock });
}

function priceOf(product_id: string, version: number): ProductRecord {
  return { product_id, price: version, price_version: version as Version, stock: null, stock_version: NEVER };
}

async function eventually<T>(check: () => Promise<T>): Promise<T> {
  const deadline = performance.now() + 10_000;
  for (;;) {
    try {
      return await check();
    } catch (error) {
      if (performance.now() > deadline) throw error;
      await wait(10);
    }
  }
}

async function codeFrom(call: Promise<unknown>): Promise<string | undefined> {
  try {
    await call;
    return 'it resolved';
  } catch (error) {
    return codeOf(error) ?? String(error);
  }
}
