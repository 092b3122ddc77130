import { Type, type Static, type TInteger, type TNumber, type TObject, type TOptional, type TString } from 'typebox';

/** How many updates one array may hold. */
export const MAX_UPDATES = 10_000;
/** How far ahead of the server's clock an `occurred_at` may lie, in milliseconds. */
export const MAX_AHEAD_MS = 300_000;
/** In characters (code points), not in UTF-16 units or bytes. */
export const MAX_PRODUCT_ID_LENGTH = 128;
export const MAX_PRICE = 1e12;
export const MAX_STOCK: number = Number.MAX_SAFE_INTEGER;

/**
 * The one source of the TypeScript type, the validator and the OpenAPI document; plain JSON Schema (2020-12, and also
 * draft 7). What its formats mean: `product-id` see `product-id.ts`, `date-time` see `instant.ts`. The range of
 * `occurred_at` depends on the time of the check, so `isProductUpdate` alone knows it.
 */
export const productUpdateSchema: TObject<{
  product_id: TString;
  price: TOptional<TNumber>;
  stock: TOptional<TInteger>;
  occurred_at: TOptional<TString>;
}> = Type.Object(
  {
    product_id: Type.String({
      format: 'product-id',
      minLength: 1,
      maxLength: MAX_PRODUCT_ID_LENGTH,
      description:
        'Opaque and case-sensitive. Well-formed Unicode in NFC, without control characters, without white space at the ends; not "." or "..".',
      examples: ['p1'],
    }),
    price: Type.Optional(
      Type.Number({
        minimum: 0,
        maximum: MAX_PRICE,
        description:
          'Held against the range as it is written, to the last digit. Comes back numerically equal up to 15 significant digits; one above 0 that is too small for that (below 2.2e-308) is refused. Absent: stays as it is.',
        examples: [99.99],
      }),
    ),
    stock: Type.Optional(
      Type.Integer({
        minimum: 0,
        maximum: MAX_STOCK,
        description: 'A whole number as it is written, to the last digit (5.0 and 5e0 are). Absent: stays as it is.',
        examples: [50],
      }),
    ),
    occurred_at: Type.Optional(
      Type.String({
        format: 'date-time',
        description:
          'When the source made the change: RFC 3339 with an offset, later than 2020-01-01T00:00:00Z, at most 5 minutes ahead of the server. It orders the update; without it, the time of acceptance does. Of updates with the very same instant the one accepted later wins, told apart to about 1 % of its age; digits below the millisecond, where they are not 0, order to a quarter of a microsecond instead.',
        examples: ['2026-11-22T16:20:00.123Z'],
      }),
    ),
  },
  {
    description: 'A change of a product: a price, a stock, or both.',
    additionalProperties: false,
    anyOf: [{ required: ['price'] }, { required: ['stock'] }],
  },
);

/** What a client asks for. At least one of price and stock. */
export type ProductUpdate = Static<typeof productUpdateSchema>;

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
