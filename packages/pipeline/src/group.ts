import { coalesce, merge, type ProductRecord } from '@product-updates/domain';
import type { Update } from './incoming.ts';

/** Updates of one product that wait together, in the order they came, and what they make when merged. */
export interface ProductGroup {
  readonly product_id: string;
  readonly updates: readonly Update[];
  readonly record: ProductRecord;
}

/** In the order in which the products first appear, as `recordsOf` has it. */
export function groupsOf(updates: readonly Update[]): readonly ProductGroup[] {
  const byProduct = new Map<string, Update[]>();
  for (const update of updates) {
    const together = byProduct.get(update.body.product_id);
    if (together === undefined) byProduct.set(update.body.product_id, [update]);
    else together.push(update);
  }
  return Array.from(byProduct, ([product_id, together]) => ({
    product_id,
    updates: together,
    record: mergeAll(together),
  }));
}

/** One record a product. */
export function recordsOf(updates: readonly Update[]): readonly ProductRecord[] {
  return [...coalesce(updates.map(({ body }) => body)).values()];
}

/** Of updates of the same product, at least one. */
export function mergeAll(updates: readonly Update[]): ProductRecord {
  return updates.map(({ body }): ProductRecord => body).reduce(merge);
}
