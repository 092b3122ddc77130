import { NEVER, type ProductEvent, type Version } from '@product-updates/domain';
import { createEventIds } from '../src/event-id.ts';
import { NOW } from './arbitraries.ts';

const nextId = createEventIds(() => 0.5);

/** An event as the stamper would make it, with an id of its own. */
export function eventOf(version: number, price: number | null, stock: number | null, product_id = 'p'): ProductEvent {
  const own = version as Version;
  return {
    product_id,
    price,
    price_version: price === null ? NEVER : own,
    stock,
    stock_version: stock === null ? NEVER : own,
    event_id: nextId(own, price, stock),
    accepted_at: NOW,
    replays: 0,
  };
}
