import { NEVER, type ProductEvent, versionOf } from '@product-updates/domain';
import { noHeaders, type Delivery } from '@product-updates/queue';

export const TRACE_ID = '0af7651916cd43dd8448eb211c80319c';
export const TRACEPARENT: string = `00-${TRACE_ID}-b7ad6b7169203331-01`;

export function event(product_id: string, accepted_at: number, extra: Partial<ProductEvent> = {}): ProductEvent {
  return {
    event_id: `event-${product_id}`,
    product_id,
    price: 1,
    price_version: versionOf(accepted_at),
    stock: null,
    stock_version: NEVER,
    accepted_at,
    replays: 0,
    ...extra,
  };
}

export function delivery<T>(body: T, key: string, extra: Partial<Delivery<T>> = {}): Delivery<T> {
  return { key, body, headers: noHeaders, attempt: 1, receipt: null, ...extra };
}
