import type { ProductEvent, ProductRecord } from '@product-updates/domain';
import type { Update } from './incoming.ts';
import type { Ended } from './settle.ts';

/**
 * What became of updates that were written together; `changed` is what the store answered. An update is *applied* when
 * for at least one field its version and value are those the store now has, else it is *superseded*.
 */
export function outcomesOf(updates: readonly Update[], changed: readonly ProductRecord[]): readonly Ended[] {
  if (changed.length === 0) return [{ outcome: 'superseded', deliveries: updates }];
  if (areAllIn(updates, changed)) return [{ outcome: 'applied', deliveries: updates }];
  const now = new Map<string, ProductRecord>();
  for (const record of changed) now.set(record.product_id, record);
  const applied: Update[] = [];
  const superseded: Update[] = [];
  for (const update of updates) {
    const { body } = update;
    (isIn(now.get(body.product_id), body) ? applied : superseded).push(update);
  }
  const ended: readonly Ended[] = [
    { outcome: 'applied', deliveries: applied },
    { outcome: 'superseded', deliveries: superseded },
  ];
  return ended.filter(({ deliveries }) => deliveries.length > 0);
}

/** What most batches are, found without a map: one update a product, all of them news, answered in the order given. */
function areAllIn(updates: readonly Update[], changed: readonly ProductRecord[]): boolean {
  if (changed.length !== updates.length) return false;
  return updates.every(({ body }, i) => changed[i]?.product_id === body.product_id && isIn(changed[i], body));
}

function isIn(record: ProductRecord | undefined, event: ProductEvent): boolean {
  if (record === undefined) return false;
  return (
    (event.price !== null && event.price_version === record.price_version && event.price === record.price) ||
    (event.stock !== null && event.stock_version === record.stock_version && event.stock === record.stock)
  );
}
