import type { EventId } from './event-id.ts';
import type { ProductRecord } from './product-record.ts';
import { checkOf } from './value-check.ts';

/**
 * What became of an accepted update: `pending` — nothing of it or newer is visible yet; `applied` — a field of it is what
 * the product has now; `superseded` — newer updates have taken the place of every field; `dead_lettered` — it could not be
 * applied and waits for a person.
 */
export const fates = ['pending', 'applied', 'superseded', 'dead_lettered'] as const;
export type Fate = (typeof fates)[number];

/**
 * Tells the fate from the id, the product as it is stored, and whether there is a dead letter of the event. An update that
 * was applied and then overtaken is `superseded`. Of two that carry the very same version, the check of the values tells
 * which one was applied.
 */
export function fateOf(eventId: EventId, record: ProductRecord | undefined, deadLettered: boolean): Fate {
  const { version, fields, priceCheck, stockCheck } = eventId;
  const price = fields === 's' ? undefined : (record?.price_version ?? 0);
  const stock = fields === 'p' ? undefined : (record?.stock_version ?? 0);
  if (record !== undefined) {
    if (price === version && checkOf(record.price) === priceCheck) return 'applied';
    if (stock === version && checkOf(record.stock) === stockCheck) return 'applied';
  }
  if (deadLettered) return 'dead_lettered';
  return (price ?? version) >= version && (stock ?? version) >= version ? 'superseded' : 'pending';
}
