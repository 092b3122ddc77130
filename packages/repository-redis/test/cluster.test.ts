import { expect } from 'chai';
import { codeOf } from '@product-updates/errors';
import { createLinks } from '../src/link.ts';
import { readRedisUrl } from '../src/options.ts';
import { describeUnless, missingOwn } from './live.ts';
import { codeFrom, eventually, openStore, priceOf } from './observe.ts';
import { announce, type ClusterNode, meet, type OwnCluster, ready, startNode, startOwnCluster } from './own-cluster.ts';
import { readmeRights } from './readme-rights.ts';
import { redisCommand } from './redis-commands.ts';

describeUnless(missingOwn, 'a cluster that changes', function changing() {
  this.timeout(30_000);
  let cluster: OwnCluster;
  before(async function start() {
    this.timeout(180_000);
    cluster = await startOwnCluster();
  });
  after(() => cluster[Symbol.asyncDispose]());

  const ids = Array.from({ length: 300 }, (_, i) => `p${i}`);

  it('spreads products over all servers, and describes what it found', async () => {
    const { store, description, durability } = await openStore(cluster.url);
    await using _ = store;
    await store.products.apply(ids.map((id) => priceOf(id, 1)));
    for (const size of await cluster.each('DBSIZE')) expect(size).to.be.greaterThan(60);
    expect(description).to.match(/Redis 7.*cluster, keys product-updates:\*, append-only file, appendfsync everysec/);
    expect(durability).to.equal('process');
  });

  it('one server that evicts is one too many, and a password stays hidden', async () => {
    const third = cluster.nodes[2]!.server.url;
    await redisCommand(third, 'CONFIG', 'SET', 'maxmemory-policy', 'allkeys-lru');
    expect(await codeFrom(openStore(cluster.url))).to.equal('misconfigured');
    await redisCommand(third, 'CONFIG', 'SET', 'maxmemory-policy', 'noeviction');
    const url = new URL(cluster.url);
    url.password = 'open-sesame';
    try {
      await openStore(url);
      expect.fail('it was opened');
    } catch (error) {
      expect(codeOf(error)).to.equal('misconfigured');
      expect(`${String(error)} ${String((error as Error).cause)}`)
        .to.match(/AUTH/)
        .and.not.to.include('sesame');
    }
  });

  it('follows a slot that has moved, also while it moves, with the rights of the README', async () => {
    await cluster.each('ACL', 'SETUSER', 'shop', ...readmeRights('sesame', { cluster: true }));
    const url = new URL(cluster.url);
    url.username = 'shop';
    url.password = 'sesame';
    const { store } = await openStore(url);
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
    const { store } = await openStore(cluster.url);
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
    for (let i = 0; i < 5; i++) await (await openStore(url)).store[Symbol.asyncDispose]();
  });

  it('no seed that answers is unavailable', async () => {
    const url = new URL('redis://127.0.0.1:1?cluster=true&timeoutMs=500');
    expect(await codeFrom(openStore(url))).to.equal('unavailable');
  });

  it('given up while it connects, it leaves no connection behind', async () => {
    const count = async (): Promise<number> =>
      ((await cluster.each('CLIENT', 'LIST')) as string[]).join('').split('\n').length;
    const before = await count();
    await Promise.all(
      Array.from({ length: 20 }, async (_, turns) => {
        const link = createLinks(readRedisUrl(cluster.url))(() => {});
        const connecting = codeFrom(link.connect());
        for (let turn = 0; turn < turns; turn++) await new Promise((resolve) => setImmediate(resolve));
        link.destroy();
        await connecting;
      }),
    );
    await eventually(async () => expect(await count()).to.be.at.most(before));
  });

  it('a server that is lost for good is replaced by its replica', async () => {
    const replica = await startNode();
    try {
      const [lost, other] = cluster.nodes as [ClusterNode, ClusterNode];
      await announce(replica);
      await meet(other, replica);
      const id = String(await redisCommand(lost.server.url, 'CLUSTER', 'MYID'));
      await eventually(() => redisCommand(replica.server.url, 'CLUSTER', 'REPLICATE', id));
      await eventually(async () => {
        expect(await redisCommand(replica.server.url, 'INFO', 'replication')).to.include('master_link_status:up');
      });
      await ready([replica, ...cluster.nodes]);
      const { store } = await openStore(cluster.url);
      await using _ = store;
      await store.products.apply(ids.map((id) => priceOf(id, 8)));
      await lost.server.kill();
      expect(await codeFrom(store.ping())).to.equal('unavailable');
      await eventually(() => store.products.apply(ids.map((id) => priceOf(id, 9))));
      expect((await store.products.getMany(ids)).every((record) => record?.price === 9)).to.equal(true);
      await eventually(() => store.ping());
    } finally {
      await replica.proxy[Symbol.asyncDispose]();
      await replica.counter[Symbol.asyncDispose]();
      await replica.server[Symbol.asyncDispose]();
    }
  });
});
