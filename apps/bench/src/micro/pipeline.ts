import { noHeaders } from '@product-updates/queue';
import type { ProductUpdate } from '@product-updates/domain';
import { startBackend, type Backend } from '../subjects/backend.ts';
import type { Suite } from './contestant.ts';

const ARRAY_LENGTH = 1000;
/** Published before the publisher waits for the pipeline: enough for all lanes, and no more than requests would. */
const AHEAD_MAX = 6000;

/** Everything but HTTP: stamped, published, received, coalesced, applied, acknowledged. */
export const pipelineSuite: Suite = (scale) => {
  const arrays = Math.ceil(1000 * scale);
  const contestant = (name: string, products: number) => ({
    name,
    items: arrays * ARRAY_LENGTH,
    run: () => passThrough(arrays, products),
  });
  return [contestant('100,000 products', 100_000), contestant('1,000 products', 1000), contestant('one product', 1)];
};

async function passThrough(arrays: number, products: number): Promise<number> {
  await using backend = startBackend();
  for (let array = 0; array < arrays; array += 1) {
    const updates = Array.from({ length: ARRAY_LENGTH }, (_, index) =>
      update((array * ARRAY_LENGTH + index) % products),
    );
    const events = backend.stamper.stampAll(updates);
    await backend.queue.publish(events.map((body) => ({ key: body.product_id, body, headers: noHeaders })));
    await depthAtMost(backend, AHEAD_MAX);
  }
  await depthAtMost(backend, 0);
  return arrays * ARRAY_LENGTH;
}

async function depthAtMost({ queue }: Backend, depth: number): Promise<void> {
  while ((await queue.stats()).depth > depth) {
    await new Promise((resolve) => {
      setImmediate(resolve);
    });
  }
}

function update(index: number): ProductUpdate {
  return { product_id: `product-${index}`, price: index / 100, stock: index };
}
