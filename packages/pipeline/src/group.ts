import { merge, type ProductRecord } from '@product-updates/domain';
import type { Update } from './incoming.ts';

/** Updates of one product that wait together, in the order they came, and what they make when merged. */
export interface ProductGroup {
  readonly product_id: string;
  readonly updates: readonly Update[];
  readonly record: ProductRecord;
}

/** In the order in which the products first appear, as `coalesced` has them. */
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

/** What updates make together. */
export interface Coalesced {
  /** One a product, in the order in which they first appear. */
  readonly records: readonly ProductRecord[];
  /** For each update, the index of its product's record. */
  readonly places: readonly number[];
}

/** As `coalesce` of domain. The places spare whoever asks later what became of each update from looking for its product again. */
export function coalesced(updates: readonly Update[]): Coalesced {
  const placeOf = new Map<string, number>();
  const records: ProductRecord[] = [];
  const places: number[] = [];
  for (const { body } of updates) {
    const place = placeOf.get(body.product_id);
    if (place === undefined) placeOf.set(body.product_id, records.push(body) - 1);
    else records[place] = merge(records[place] as ProductRecord, body);
    places.push(place ?? records.length - 1);
  }
  return { records, places };
}

/** Of updates of the same product, at least one. */
export function mergeAll(updates: readonly Update[]): ProductRecord {
  return updates.map(({ body }): ProductRecord => body).reduce(merge);
}
