import { NEVER, type ProductEvent, type ProductRecord, type Version, versionOf } from '@product-updates/domain';
import { type Message, noHeaders } from '@product-updates/queue';

export const START_MS: number = Date.UTC(2026, 0, 1);

let count = 0;

/** An accepted update. `at` orders it: larger is later. */
export function event(
  product_id: string,
  at: number,
  values: { price?: number; stock?: number } = { price: at },
): ProductEvent {
  const version = versionAt(at);
  const { price = null, stock = null } = values;
  count += 1;
  return {
    product_id,
    price,
    price_version: price === null ? NEVER : version,
    stock,
    stock_version: stock === null ? NEVER : version,
    event_id: `${product_id}-${at}-${count}`,
    accepted_at: START_MS,
    replays: 0,
  };
}

export function versionAt(at: number): Version {
  return versionOf(START_MS, at);
}

export function priced(product_id: string, at: number, price: number = at): ProductRecord {
  return { product_id, price, price_version: versionAt(at), stock: null, stock_version: NEVER };
}

export function messageOf<T extends { product_id: string }>(body: T): Message<T> {
  return { key: body.product_id, body, headers: noHeaders };
}
