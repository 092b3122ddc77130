import type { ProductEvent, ProductRecord } from '@product-updates/domain';
import { coalesced, type Coalesced } from './group.ts';
import type { Update } from './incoming.ts';
import type { Ended } from './settle.ts';

/**
 * What became of updates that were written together; `changed` is what the store answered. An update is *applied* when
 * for at least one field its version and value are those the store now has, else it is *superseded*. `written`: what the
 * updates make together, where that is at hand.
 */
export function outcomesOf(
  updates: readonly Update[],
  changed: readonly ProductRecord[],
  written: Coalesced = coalesced(updates),
): readonly Ended[] {
  if (changed.length === 0) return [{ outcome: 'superseded', deliveries: updates }];
  const now = placed(changed, written.records);
  const applied: Update[] = [];
  const superseded: Update[] = [];
  for (let i = 0; i < updates.length; i += 1) {
    const update = updates[i] as Update;
    const isApplied = isIn(now[written.places[i] as number], update.body);
    (isApplied ? applied : superseded).push(update);
  }
  const ended: readonly Ended[] = [
    { outcome: 'applied', deliveries: applied },
    { outcome: 'superseded', deliveries: superseded },
  ];
  return ended.filter(({ deliveries }) => deliveries.length > 0);
}

/** For each record what its product changed to, if it did. Without a map where a store answers in the order of the records. */
function placed(
  changed: readonly ProductRecord[],
  records: readonly ProductRecord[],
): readonly (ProductRecord | undefined)[] {
  const now: (ProductRecord | undefined)[] = [];
  let next = 0;
  for (const { product_id } of records) {
    const candidate = changed[next];
    const isIt = candidate?.product_id === product_id;
    now.push(isIt ? candidate : undefined);
    if (isIt) next += 1;
  }
  if (next === changed.length) return now;
  const byProduct = new Map(changed.map((record) => [record.product_id, record]));
  return records.map(({ product_id }) => byProduct.get(product_id));
}

function isIn(record: ProductRecord | undefined, event: ProductEvent): boolean {
  if (record === undefined) return false;
  return (
    (event.price !== null && event.price_version === record.price_version && event.price === record.price) ||
    (event.stock !== null && event.stock_version === record.stock_version && event.stock === record.stock)
  );
}
