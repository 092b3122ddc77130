import * as fc from 'fast-check';
import { coalesce, type ProductRecord } from '@product-updates/domain';
import { createRandom, type Random, scaled } from '@product-updates/queue/contract';
import type { ProductWriter, Store } from '../src/index.ts';
import { createModelStore, type ModelStore } from './model-store.ts';
import { sameAsModel } from './observe.ts';
import { both, price, stock } from './samples.ts';
import type { StoreTest, Subject } from './subject.ts';

/** R7 and R8: any shuffle, any duplicates, any batches, any writers. */
export const shufflingTests: readonly StoreTest[] = [
  {
    id: 'R7',
    title: 'duplicates 1 to 5 times, shuffled, through 1 to 8 writers: the same state',
    timeoutMs: scaled({ quick: 60_000, long: 600_000 }),
    run: duplicates,
  },
  {
    id: 'R8',
    title: '8 writers with overlapping unordered products: no dead-lock surfaces, and the state is the model’s',
    timeoutMs: scaled({ quick: 30_000, long: 120_000 }),
    run: overlapping,
  },
];

const WRITERS = 8;

async function duplicates(subject: Subject): Promise<void> {
  const stores = await subject.openMany(WRITERS);
  let run = 0;
  const shuffled = fc.asyncProperty(
    fc.array(fc.record({ update: anyUpdate, copies: fc.integer({ min: 1, max: 5 }) }), { minLength: 1, maxLength: 12 }),
    fc.integer({ min: 1, max: WRITERS }),
    fc.nat(),
    async (planned, writers, seed) => {
      const prefix = `${run++}-`;
      const random = createRandom(seed);
      const updates = planned.map(({ update, copies }) => ({ record: update(prefix), copies }));
      const model = createModelStore();
      model.apply(updates.map(({ record }) => record));
      const copies = random.shuffle(
        updates.flatMap(({ record, copies }) => Array.from({ length: copies }, () => record)),
      );
      const hands = Array.from({ length: writers }, (_, i) => copies.filter((_, at) => at % writers === i));
      await Promise.all(hands.map((hand, i) => applyInBatches(stores[i]!.products, hand, random)));
      await sameAsModel(stores[0]!, model);
    },
  );
  await fc.assert(shuffled, { numRuns: scaled(subject.declared.runs) });
}

/** Few products, versions and values, so that most runs have ties. */
const anyUpdate: fc.Arbitrary<(prefix: string) => ProductRecord> = fc
  .record({
    product: fc.constantFrom('a', 'b', 'c'),
    version: fc.integer({ min: 1, max: 5 }),
    price: fc.constantFrom(0, 0.1, 9.99, 10),
    stock: fc.constantFrom(0, 1, 2 ** 31),
    fields: fc.constantFrom('p', 's', 'ps'),
  })
  .map((plan) => (prefix: string) => {
    const id = `${prefix}${plan.product}`;
    if (plan.fields === 'p') return price(id, plan.price, plan.version);
    if (plan.fields === 's') return stock(id, plan.stock, plan.version);
    return both(id, plan.price, plan.stock, plan.version);
  });

async function applyInBatches(writer: ProductWriter, records: readonly ProductRecord[], random: Random): Promise<void> {
  for (let i = 0; i < records.length;) {
    const batch = records.slice(i, (i += 1 + random.int(4)));
    await writer.apply([...coalesce(batch).values()]);
  }
}

async function overlapping(subject: Subject): Promise<void> {
  const stores = await subject.openMany(WRITERS);
  const model = createModelStore();
  const batches = scaled({ quick: 50, long: Infinity });
  const end = performance.now() + scaled({ quick: 2000, long: 30_000 });
  await Promise.all(
    stores.map(async (store, i) => {
      const random = createRandom(i);
      for (let batch = 0; batch < batches && performance.now() < end; batch++) {
        await applyRandomly(store, model, random);
      }
    }),
  );
  await sameAsModel(stores[0]!, model);
}

/** Half of 200 products in no order: two batches at once nearly always meet, and in different orders. */
async function applyRandomly(store: Store, model: ModelStore, random: Random): Promise<void> {
  const ids = Array.from({ length: 200 }, (_, i) => `p${i}`);
  const records = random
    .shuffle(ids)
    .slice(0, 100)
    .map((id) => both(id, random.int(1000) / 100, random.int(1000), 1 + random.int(100_000)));
  model.apply(records);
  await store.products.apply(records);
}
