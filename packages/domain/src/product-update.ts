/** How many updates one array may hold. */
export const MAX_UPDATES = 10_000;
/** How far ahead of the server's clock an `occurred_at` may lie, in milliseconds. */
export const MAX_AHEAD_MS = 300_000;
/** In characters (code points), not in UTF-16 units or bytes. */
export const MAX_PRODUCT_ID_LENGTH = 128;
export const MAX_PRICE = 1e12;
export const MAX_STOCK: number = Number.MAX_SAFE_INTEGER;

/** What a client asks for. At least one of price and stock. */
export interface ProductUpdate {
  product_id: string;
  price?: number;
  stock?: number;
  occurred_at?: string;
}

interface FieldSchema<Type extends string> {
  readonly type: Type;
  readonly description: string;
  readonly examples: readonly unknown[];
  readonly format?: string;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly minimum?: number;
  readonly maximum?: number;
}

/** One for each field of the type, of its kind: the compiler refuses a schema that says something else. */
type FieldSchemas = {
  readonly [Name in keyof ProductUpdate]-?: FieldSchema<
    Required<ProductUpdate>[Name] extends string ? 'string' : 'number' | 'integer'
  >;
};

export interface ProductUpdateSchema {
  readonly type: 'object';
  readonly description: string;
  readonly required: readonly (keyof ProductUpdate)[];
  readonly anyOf: readonly { readonly required: readonly (keyof ProductUpdate)[] }[];
  readonly additionalProperties: false;
  readonly properties: FieldSchemas;
}

/**
 * The one source of the validator and the OpenAPI document; plain JSON Schema (2020-12, and also draft 7). What its formats
 * mean: `product-id` see `product-id.ts`, `date-time` see `instant.ts`. The range of `occurred_at` depends on the time of the
 * check, so `isProductUpdate` alone knows it.
 */
export const productUpdateSchema: ProductUpdateSchema = {
  type: 'object',
  description: 'A change of a product: a price, a stock, or both.',
  required: ['product_id'],
  anyOf: [{ required: ['price'] }, { required: ['stock'] }],
  additionalProperties: false,
  properties: {
    product_id: {
      type: 'string',
      format: 'product-id',
      minLength: 1,
      maxLength: MAX_PRODUCT_ID_LENGTH,
      description:
        'Opaque and case-sensitive. Well-formed Unicode in NFC, without control characters, without white space at the ends; not "." or "..".',
      examples: ['p1'],
    },
    price: {
      type: 'number',
      minimum: 0,
      maximum: MAX_PRICE,
      description:
        'Held against the range as it is written, to the last digit. Comes back numerically equal up to 15 significant digits; one above 0 that is too small for that (below 2.2e-308) is refused. Absent: stays as it is.',
      examples: [99.99],
    },
    stock: {
      type: 'integer',
      minimum: 0,
      maximum: MAX_STOCK,
      description: 'A whole number as it is written, to the last digit (5.0 and 5e0 are). Absent: stays as it is.',
      examples: [50],
    },
    occurred_at: {
      type: 'string',
      format: 'date-time',
      description:
        'When the source made the change: RFC 3339 with an offset, later than 2020-01-01T00:00:00Z, at most 5 minutes ahead of the server. It orders the update; without it, the time of acceptance does. Of updates with the very same instant the one accepted later wins, told apart to about 1 % of its age; digits below the millisecond, where they are not 0, order to a quarter of a microsecond instead.',
      examples: ['2026-11-22T16:20:00.123Z'],
    },
  },
};

/** Smaller doubles above 0 (subnormal) do not hold 15 significant digits. */
const MIN_EXACT_PRICE = 2 ** -1022;

/** A price as an update may bring it. Older events may have smaller ones above 0, so `isPrice` lets those through. */
export function isAcceptedPrice(value: unknown): value is number {
  return isPrice(value) && (value === 0 || value >= MIN_EXACT_PRICE);
}

/** A price as it may stand in an event and a record; −0 counts as 0. */
export function isPrice(value: unknown): value is number {
  return typeof value === 'number' && value >= 0 && value <= MAX_PRICE;
}

/** A stock as it may stand in an update, an event and a record; −0 counts as 0. */
export function isStock(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}
