import type { ProductRecord } from './product-record.ts';

/**
 * The only ordering rule of the system: field by field the larger version wins; at equal versions the larger value
 * (arbitrary, but the same everywhere). Associative, commutative and idempotent — a join in the sense of state-based
 * CRDTs (Shapiro et al., 2011) — so duplicates, reordering and batching cannot change where it ends. Both are of one
 * product. Answers `a` itself when `b` brings nothing newer.
 */
export function merge(a: ProductRecord, b: ProductRecord): ProductRecord {
  const price = wins(b.price_version, b.price, a.price_version, a.price);
  const stock = wins(b.stock_version, b.stock, a.stock_version, a.stock);
  if (!price && !stock) return a;
  const p = price ? b : a;
  const s = stock ? b : a;
  return {
    product_id: a.product_id,
    price: p.price,
    price_version: p.price_version,
    stock: s.stock,
    stock_version: s.stock_version,
  };
}

/** Whether a field's version and value supersede what is there. */
function wins(version: number, value: number | null, thereVersion: number, there: number | null): boolean {
  if (version !== thereVersion) return version > thereVersion;
  return value !== null && (there === null || value > there);
}

/** One record per product, merged, in the order in which the products first appear. */
export function coalesce(records: Iterable<ProductRecord>): Map<string, ProductRecord> {
  const merged = new Map<string, ProductRecord>();
  for (const record of records) {
    const earlier = merged.get(record.product_id);
    merged.set(record.product_id, earlier === undefined ? record : merge(earlier, record));
  }
  return merged;
}
