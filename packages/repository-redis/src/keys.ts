/** The names of everything that the store keeps, all under one prefix. */
export interface Keys {
  /** The hash of a product: price, price_version, stock, stock_version. The id stands as it is. */
  product(product_id: string): string;
  /** The largest version that was ever applied. */
  readonly highestVersion: string;
  /** The number of the layout that this page describes. */
  readonly format: string;
  /** A sorted set of ids, all with score 0, so that Redis keeps them in byte order. */
  readonly letterIds: string;
  /** A hash from id to letter. */
  readonly letters: string;
}

/**
 * The two keys of the dead letters share a hash tag, so that one script may touch both in a cluster. Braces in an id make
 * a tag too: it decides in which slot the product lies, and nothing else.
 */
export function keysOf(prefix: string): Keys {
  const productPrefix = `${prefix}product:`;
  return {
    product: (product_id) => productPrefix + product_id,
    highestVersion: `${prefix}highest-version`,
    format: `${prefix}format`,
    letterIds: `${prefix}{dead-letters}:ids`,
    letters: `${prefix}{dead-letters}:letters`,
  };
}
