import {
  coalesce,
  createStamper,
  createVersionClock,
  isProductUpdate,
  merge,
  type ProductEvent,
  type ProductUpdate,
} from '@product-updates/domain';
import type { Contestant, Suite } from './contestant.ts';

const ARRAY_LENGTH = 1000;

/** Each rule on its own, over as many different updates as an array has. */
export const domainSuite: Suite = (scale) => {
  const now = (): number => Date.now();
  const stamper = createStamper({ clock: createVersionClock({ now }), now });
  const updates: ProductUpdate[] = Array.from({ length: ARRAY_LENGTH }, (_, index) => ({
    product_id: `product-${index}`,
    price: index / 100,
    stock: index,
  }));
  const texts = updates.map((update) => JSON.stringify(update));
  const older = stamper.stampAll(updates);
  const newer = stamper.stampAll(updates);
  const nowMs = now();

  function each(name: string, times: number, count: () => number): Contestant {
    const rounds = Math.ceil(times * scale);
    return {
      name,
      items: rounds * ARRAY_LENGTH,
      async run() {
        let done = 0;
        for (let round = 0; round < rounds; round += 1) done += count();
        return done;
      },
    };
  }

  return [
    each(
      'JSON.parse and isProductUpdate',
      500,
      () => texts.filter((text) => isProductUpdate(JSON.parse(text), nowMs)).length,
    ),
    each('isProductUpdate', 2000, () => updates.filter((update) => isProductUpdate(update, nowMs)).length),
    each('stamp, one by one', 500, () => updates.map((update) => stamper.stamp(update)).length),
    each('stampAll, arrays of 1,000', 500, () => stamper.stampAll(updates).length),
    each(
      'merge',
      2000,
      () => older.filter((event, index) => merge(event, newer[index] as ProductEvent) !== event).length,
    ),
    each('coalesce, 1,000 products', 500, () => coalesce(newer).size),
  ];
};
