import { expect } from 'chai';
import { startOwnRedis } from '@product-updates/tooling/own-redis';
import { describeUnless, missingOwn } from './live.ts';
import { codeFrom, eventually, openStore, priceOf, useOnce } from './observe.ts';
import { redisCommand, redisCommands } from './redis-commands.ts';

describeUnless(missingOwn, 'a server that is unfit, or becomes so', function fitness() {
  this.timeout(30_000);

  for (const policy of ['volatile-lru', 'volatile-lfu', 'volatile-random', 'volatile-ttl']) {
    it(`maxmemory-policy ${policy} is fit: it drops nothing of ours, for no key expires`, async () => {
      await using own = await startOwnRedis({ args: ['--maxmemory-policy', policy] });
      await useOnce(await openStore(own.url));
      const { store } = await openStore(own.url);
      await using _ = store;
      await store.products.apply(Array.from({ length: 100 }, (_, i) => priceOf(`p${i}`, 2)));
      await store.deadLetters.add({ ...letter, id: 'kept' });
      const keys = (await redisCommand(own.url, 'KEYS', '*')) as string[];
      expect(keys).to.have.length.above(103);
      const lives = await redisCommands(own.url, ...keys.map((key) => ['TTL', key]));
      expect(new Set(lives), 'the time to live of each key').to.deep.equal(new Set([-1]));
      await redisCommand(own.url, 'CONFIG', 'SET', 'maxmemory', '1');
      expect(await codeFrom(store.products.apply([priceOf('p1', 3)]))).to.equal('unavailable');
      expect(await redisCommand(own.url, 'DBSIZE')).to.equal(keys.length);
    });
  }

  for (const policy of ['allkeys-lru', 'allkeys-lfu', 'allkeys-random']) {
    it(`maxmemory-policy ${policy} is not`, async () => {
      await using own = await startOwnRedis({ args: ['--maxmemory-policy', policy] });
      expect(await codeFrom(openStore(own.url))).to.equal('misconfigured');
    });
  }

  // Nothing cuts a connection here: it is the server that changes under it.
  const changes = [
    {
      what: 'became a replica',
      worse: ['REPLICAOF', '127.0.0.1', '1'],
      better: ['REPLICAOF', 'NO', 'ONE'],
      code: 'unavailable',
    },
    {
      what: 'began to evict',
      worse: ['CONFIG', 'SET', 'maxmemory-policy', 'allkeys-lru'],
      better: ['CONFIG', 'SET', 'maxmemory-policy', 'noeviction'],
      code: 'misconfigured',
    },
    {
      what: 'no longer syncs before each answer',
      worse: ['CONFIG', 'SET', 'appendfsync', 'everysec'],
      better: ['CONFIG', 'SET', 'appendfsync', 'always'],
      code: 'misconfigured',
    },
    {
      what: 'has a newer format',
      worse: ['SET', 'product-updates:format', '2'],
      better: ['SET', 'product-updates:format', '1'],
      code: 'misconfigured',
    },
  ] as const;
  for (const { what, worse, better, code } of changes) {
    for (const call of ['reads', 'writes'] as const) {
      it(`one that ${what} gets no ${call} any more, until that is mended`, async () => {
        await using own = await startOwnRedis();
        const { store } = await openStore(own.url);
        await using _ = store;
        await store.products.apply([priceOf('p1', 1)]);
        let version = 1;
        const use = (): Promise<unknown> =>
          call === 'reads' ? store.products.get('p1') : store.products.apply([priceOf('p1', ++version)]);
        for (let round = 0; round < 2; round++) {
          await redisCommand(own.url, ...worse);
          await eventually(async () => expect(await codeFrom(use())).to.equal(code));
          expect(await codeFrom(store.ping())).to.equal(code);
          await redisCommand(own.url, ...better);
          await eventually(use);
          await store.ping();
        }
      });
    }
  }
});

const letter = {
  product_id: 'p1',
  reason: 'rejected',
  error: '',
  attempts: 1,
  failed_at: '',
  event: null,
  bytes: null,
} as const;
