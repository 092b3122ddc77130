import type { Version } from './version.ts';

/**
 * A product as it is stored: each field with the version of the update that set it. Flat, so that rows, hashes and
 * records have one shape. `price` is `null` exactly where `price_version` is 0, `stock` likewise. Never changed in place.
 */
export interface ProductRecord {
  readonly product_id: string;
  readonly price: number | null;
  readonly price_version: Version;
  readonly stock: number | null;
  readonly stock_version: Version;
}
