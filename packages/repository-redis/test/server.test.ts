import { rmSync } from 'node:fs';
import { setTimeout as wait } from 'node:timers/promises';
import { expect } from 'chai';
import { startOwnRedis } from '@product-updates/tooling/own-redis';
import { createLinks } from '../src/link.ts';
import { readRedisUrl } from '../src/options.ts';
import { describeUnless, missingOwn } from './live.ts';
import { codeFrom, eventually, openStore, priceOf, useOnce } from './observe.ts';
import { readmeRights } from './readme-rights.ts';
import { redisCommand, settingOf } from './redis-commands.ts';

describeUnless(missingOwn, 'one server, as it is set up and as that changes', function servers() {
  this.timeout(20_000);

  it('knows its scripts again after they were flushed', async () => {
    await using own = await startOwnRedis();
    const { store } = await openStore(own.url);
    await using _ = store;
    for (let version = 1; version <= 3; version++) {
      const records = Array.from({ length: 200 }, (_, i) => priceOf(`p${i}`, version));
      expect(await store.products.apply(records)).to.have.length(200);
      await redisCommand(own.url, 'SCRIPT', 'FLUSH');
    }
    expect((await store.products.get('p199'))?.price_version).to.equal(3);
  });

  it('tells what an acknowledgement survives', async () => {
    for (const [args, durability, says] of [
      [['--appendfsync', 'always'], 'disk', /synced to disk before each answer/],
      [['--appendfsync', 'everysec'], 'process', /appendfsync everysec/],
      [['--appendonly', 'no', '--save', '3600 1'], 'process', /snapshots/],
      [['--appendonly', 'no'], 'process', /nothing on disk/],
    ] as const) {
      await using own = await startOwnRedis({ args });
      const opened = await openStore(own.url);
      await opened.store[Symbol.asyncDispose]();
      expect(opened.durability, args.join(' ')).to.equal(durability);
      expect(opened.description)
        .to.match(says)
        .and.to.match(/Redis \d+\.\d+.*keys product-updates:\*/);
    }
  });

  it('does with the rights of the README, also in another database, where CONFIG is not allowed', async () => {
    await using own = await startOwnRedis();
    await redisCommand(own.url, 'ACL', 'SETUSER', 'shop', ...readmeRights('open/sesame'));
    const url = withQuery(own.url, '');
    url.username = 'shop';
    url.password = encodeURIComponent('open/sesame');
    for (const database of ['', '/2']) {
      url.pathname = database;
      const cautious = await openStore(url);
      await useOnce(cautious);
      expect(cautious.durability).to.equal('process');
      expect(cautious.description).not.to.include('sesame');
    }
    const denied = (await redisCommand(own.url, 'ACL', 'LOG')) as (readonly unknown[])[];
    const objects = denied.map((entry) => entry[entry.indexOf('object') + 1]);
    expect(new Set(objects), 'what was asked for and is not needed').to.deep.equal(
      new Set(['config|get', 'client|setname']),
    );
    const declared = await openStore(withQuery(url, 'durability=disk'));
    await useOnce(declared);
    expect(declared.durability).to.equal('disk');
    await redisCommand(own.url, 'ACL', 'SETUSER', 'shop', '-hset');
    const { store } = await openStore(url);
    await using _ = store;
    expect(await codeFrom(store.products.apply([priceOf('p1', 9)]))).to.equal('misconfigured');
  });

  it('a declaration does not hold for a server without an append-only file', async () => {
    await using own = await startOwnRedis({ args: ['--appendonly', 'no', '--rename-command', 'CONFIG', ''] });
    expect(await codeFrom(openStore(withQuery(own.url, 'durability=disk')))).to.equal('misconfigured');
  });

  for (const [name, break_, mend, args] of [
    ['OOM', ['CONFIG', 'SET', 'maxmemory', '1'], ['CONFIG', 'SET', 'maxmemory', '0'], []],
    ['READONLY', ['REPLICAOF', '127.0.0.1', '1'], ['REPLICAOF', 'NO', 'ONE'], []],
    [
      'NOREPLICAS',
      ['CONFIG', 'SET', 'min-replicas-to-write', '1'],
      ['CONFIG', 'SET', 'min-replicas-to-write', '0'],
      [],
    ],
  ] as const) {
    it(`${name}: ping and writes are unavailable until it is mended`, async () => {
      await using own = await startOwnRedis({ args });
      const { store } = await openStore(own.url);
      await using _ = store;
      await store.products.apply([priceOf('p1', 1)]);
      await redisCommand(own.url, ...break_);
      expect(await codeFrom(store.ping())).to.equal('unavailable');
      expect(await codeFrom(store.products.apply([priceOf('p2', 1)]))).to.equal('unavailable');
      await redisCommand(own.url, ...mend);
      await eventually(() => store.products.apply([priceOf('p2', 2)]));
      await eventually(() => store.ping());
      expect((await store.products.get('p1'))?.price_version).to.equal(1);
    });
  }

  it('MISCONF: ping and writes are unavailable, reads go on', async () => {
    await using own = await startOwnRedis({ args: ['--appendonly', 'no', '--save', '3600 1'] });
    const { store } = await openStore(own.url);
    await using _ = store;
    await store.products.apply([priceOf('p1', 1)]);
    rmSync(await settingOf(own.url, 'dir'), { recursive: true });
    await redisCommand(own.url, 'BGSAVE');
    await eventually(async () => expect(await codeFrom(store.ping())).to.equal('unavailable'));
    expect(await codeFrom(store.products.apply([priceOf('p1', 2)]))).to.equal('unavailable');
    expect((await store.products.get('p1'))?.price_version).to.equal(1);
  });

  it('given up while it connects, it leaves no connection behind', async () => {
    await using own = await startOwnRedis();
    const count = async (): Promise<number> =>
      ((await redisCommand(own.url, 'CLIENT', 'LIST')) as string).split('\n').length;
    const before = await count();
    await Promise.all(
      Array.from({ length: 20 }, async (_, turns) => {
        const link = createLinks(readRedisUrl(own.url))(() => {});
        const connecting = codeFrom(link.connect());
        for (let turn = 0; turn < turns; turn++) await new Promise((resolve) => setImmediate(resolve));
        link.destroy();
        await connecting;
      }),
    );
    await eventually(async () => expect(await count()).to.be.at.most(before));
  });

  it('a replica is not opened', async () => {
    await using own = await startOwnRedis();
    await redisCommand(own.url, 'REPLICAOF', '127.0.0.1', '1');
    expect(await codeFrom(openStore(own.url))).to.equal('unavailable');
  });

  it('looks at the server on every new connection: what got worse is held until it is mended', async () => {
    await using own = await startOwnRedis();
    const { store } = await openStore(own.url);
    await using _ = store;
    for (const [setting, worse, better] of [
      ['maxmemory-policy', 'allkeys-lru', 'noeviction'],
      ['appendfsync', 'everysec', 'always'],
    ] as const) {
      await redisCommand(own.url, 'CONFIG', 'SET', setting, worse);
      await redisCommand(own.url, 'CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes');
      await eventually(async () => expect(await codeFrom(store.ping())).to.equal('misconfigured'));
      await redisCommand(own.url, 'CONFIG', 'SET', setting, better);
      await eventually(() => store.ping());
    }
  });

  it('what resolved is there after each of several kills of a server that syncs', async () => {
    await using own = await startOwnRedis();
    const { store } = await openStore(withQuery(own.url, 'timeoutMs=1000'));
    await using _ = store;
    let version = 0;
    for (let round = 0; round < 5; round++) {
      let resolved = 0;
      const writing = (async () => {
        for (;;) {
          await store.products.apply([priceOf('p1', ++version), priceOf(`r${round}`, version)]);
          resolved = version;
        }
      })();
      const failed = codeFrom(writing);
      await eventually(async () =>
        expect(resolved)
          .to.be.greaterThan(version - 20)
          .and.to.be.greaterThan(0),
      );
      await wait(20 + 20 * round);
      await own.kill();
      expect(await failed).to.equal('unavailable');
      await own.start();
      await eventually(() => store.ping());
      expect((await store.products.get('p1'))?.price_version).to.be.at.least(resolved);
      expect((await store.products.get(`r${round}`))?.price_version).to.be.at.least(resolved);
    }
  });

  it('a read does not wait for a large batch', async () => {
    await using own = await startOwnRedis();
    const { store } = await openStore(own.url);
    await using _ = store;
    await store.products.apply([priceOf('p1', 1)]);
    let applied = false;
    const writing = store.products
      .apply(Array.from({ length: 20_000 }, (_, i) => priceOf(`p${i}`, 2)))
      .finally(() => (applied = true));
    await store.products.get('p1');
    expect(applied, 'the batch was done before').to.equal(false);
    expect(await writing).to.have.length(20_000);
  });
});

function withQuery(url: URL, search: string): URL {
  const changed = new URL(url);
  changed.search = search;
  return changed;
}
