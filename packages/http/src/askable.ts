import { isProductUpdate } from '@product-updates/domain';

/**
 * Whether a store may be asked for this product id. No product can have another one, and not every store could take the
 * question (PostgreSQL, for one, has no NUL in texts). The usual ids cost one look.
 */
export function isAskable(id: string): boolean {
  return /^[\w-]{1,128}$/.test(id) || isProductUpdate({ product_id: id, stock: 0 }, 0);
}
