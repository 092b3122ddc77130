import { Ajv, type ValidateFunction } from 'ajv';
import { isOccurredAt } from './occurred-at.ts';
import { isProductId } from './product-id.ts';
import { isAcceptedPrice, productUpdateSchema, type ProductUpdate } from './product-update.ts';

const matchesSchema: ValidateFunction<ProductUpdate> = new Ajv({
  strict: true,
  strictRequired: false, // The branches of anyOf only name what they require.
  messages: false,
  // Date-times are left to `isOccurredAt`, which checks form and range in one reading.
  formats: { 'product-id': isProductId, 'date-time': true },
}).compile<ProductUpdate>(productUpdateSchema);

/**
 * Whether a parsed JSON value is an update that may be accepted at the time `nowMs` (milliseconds since the Unix epoch).
 * One quick pass; what is wrong with those that it refuses tells `faultsOf`.
 */
export function isProductUpdate(value: unknown, nowMs: number): value is ProductUpdate {
  if (!matchesSchema(value)) return false;
  const { price, occurred_at } = value;
  if (price !== undefined && !isAcceptedPrice(price)) return false;
  return occurred_at === undefined || isOccurredAt(occurred_at, nowMs);
}
