import { expect } from 'chai';
import { keysOf } from '../src/keys.ts';
import { slotOf } from '../src/key-slot.ts';
import { startOwnRedis } from '@product-updates/tooling/own-redis';
import { describeUnless, missingOwn } from './live.ts';
import { redisCommands } from './redis-commands.ts';

describe('the slot of a key', () => {
  it('is that of the specification', () => {
    expect(slotOf('123456789')).to.equal(0x31c3 % 16_384);
    expect(slotOf('')).to.equal(0);
  });

  it('is one for what a script of the dead letters touches, whatever the prefix', () => {
    for (const prefix of ['', 'product-updates:', 'shop{a}:', 'a{', 'a}b{', '}', '{', '{a}{b}']) {
      const { letterIds, letters } = keysOf(prefix);
      expect(slotOf(letterIds), prefix).to.equal(slotOf(letters));
    }
  });
});

describeUnless(missingOwn, 'the slot of a key', () => {
  it('is what Redis says', async () => {
    await using own = await startOwnRedis({ args: ['--cluster-enabled', 'yes'] });
    const parts = ['{', '}', '{}', 'a', 'b:', '商品', '😀', ' ', '-'];
    const keys = Array.from({ length: 2000 }, (_, i) =>
      Array.from({ length: i % 7 }, (_, at) => parts[(i * 31 + at * at * 7 + (i >> at)) % parts.length]).join(''),
    );
    const slots = await redisCommands(own.url, ...keys.map((key) => ['CLUSTER', 'KEYSLOT', key]));
    for (const [i, key] of keys.entries()) expect(slotOf(key), key).to.equal(slots[i]);
  });
});
