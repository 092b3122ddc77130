import { expect } from 'chai';
import { RedisClient } from '@redis/client';
import type { ProductRecord } from '@product-updates/domain';
import { startOwnRedis } from '@product-updates/tooling/own-redis';
import { liveService } from '@product-updates/tooling/live-service';
import { mergeScript } from '../src/merge-script.ts';
import { openStore, priceOf } from './observe.ts';

const live = await liveService('redis');
const BATCH = 500;
const AT_ONCE = 3;
const PRODUCTS = 100_000;

/** Turns of each, short and one after the other, so that what else the machine does slows both. */
const TURNS = 30;
const TURN_MS = 200;

describe('speed', () => {
  it('the store applies at least 0.8 as many products as bare script calls, 1 and 50 products each', async function speed() {
    if ('missing' in live || process.env['LONG'] === undefined) return this.skip();
    await using own = await startOwnRedis({ args: ['--appendfsync', 'everysec'] });
    const { store } = await openStore(own.url);
    await using _ = store;
    const client = RedisClient.create({
      url: own.url.href,
      RESP: 2,
      disableClientInfo: true,
      commandOptions: { timeout: 0 },
    });
    client.on('error', () => {});
    await client.connect();
    await client.sendCommand(['SCRIPT', 'LOAD', mergeScript.source]);
    const bare = (perCall: number) => async (records: readonly ProductRecord[]) => {
      const calls: Promise<unknown>[] = [];
      for (let i = 0; i < records.length; i += perCall) {
        const part = records.slice(i, i + perCall);
        const keys = part.map(({ product_id }) => `bare:${product_id}`);
        const args = part.flatMap(({ price, price_version }) => [`${price}`, `${price_version}`, '', '0']);
        const version = `${part[0]?.price_version}`;
        const head = ['EVALSHA', mergeScript.sha, `${keys.length + 1}`, 'bare:highest'];
        calls.push(client.sendCommand([...head, ...keys, version, ...args]));
      }
      await Promise.all(calls);
    };
    const ways = { store: store.products.apply, 'bare, 50 a call': bare(50), 'bare, 1 a call': bare(1) };
    const rates: Record<string, number> = {};
    let version = 0;
    let at = 0;
    for (let turn = 0; turn < TURNS; turn++) {
      for (const [name, apply] of Object.entries(ways)) {
        const start = performance.now();
        let done = 0;
        const lane = async (): Promise<void> => {
          while (performance.now() < start + TURN_MS) {
            version += 1;
            const first = at;
            at = (at + BATCH) % PRODUCTS;
            await apply(Array.from({ length: BATCH }, (_, i) => priceOf(`p${first + i}`, version)));
            done += BATCH;
          }
        };
        await Promise.all(Array.from({ length: AT_ONCE }, lane));
        rates[name] = (rates[name] ?? 0) + (done / (performance.now() - start)) * (1000 / TURNS);
      }
    }
    client.destroy();
    const said = Object.entries(rates).map(([name, rate]) => `${name}: ${Math.round(rate)} products/s`);
    if (this.test !== undefined) this.test.title += `: ${said.join(', ')}`;
    expect(rates['store']).to.be.at.least(0.8 * Math.max(rates['bare, 50 a call'] ?? 0, rates['bare, 1 a call'] ?? 0));
  }).timeout(120_000);
});
