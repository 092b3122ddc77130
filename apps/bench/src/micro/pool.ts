import { createWorkerPool, systemClock, type GivenBack } from '@product-updates/queue';
import type { Contestant, Suite } from './contestant.ts';

/** How many are inside at most, as in the pipeline with its usual window. */
const WINDOW = 6000;
const BATCH_MAX = 500;

interface Item {
  readonly key: string;
}

const nothingGivenBack: Promise<readonly GivenBack<Item>[]> = Promise.resolve([]);

/** A million keys, each once, through work that does nothing. */
export const poolSuite: Suite = (scale) => {
  const items = Array.from({ length: Math.ceil(1_000_000 * scale) }, (_, index): Item => ({ key: `product-${index}` }));
  const chunks = Array.from({ length: Math.ceil(items.length / WINDOW) }, (_, index) =>
    items.slice(index * WINDOW, (index + 1) * WINDOW),
  );
  return [1, 3, 8].map((lanes): Contestant => {
    const name = `pool, ${lanes} ${lanes === 1 ? 'lane' : 'lanes'}`;
    return { name, items: items.length, run: () => submitAll(chunks, lanes) };
  });
};

async function submitAll(chunks: readonly (readonly Item[])[], lanes: number): Promise<number> {
  let arrived = 0;
  await using pool = createWorkerPool<Item>({
    lanes,
    batchMax: BATCH_MAX,
    keyOf: ({ key }) => key,
    work(batch) {
      arrived += batch.length;
      return nothingGivenBack;
    },
    clock: systemClock,
    onError(error) {
      throw error;
    },
  });
  for (const chunk of chunks) {
    pool.submit(chunk);
    await pool.drain();
  }
  return arrived;
}
