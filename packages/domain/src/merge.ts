import type { ProductRecord } from './product-record.ts';

/**
 * The only ordering rule of the system: field by field the larger version wins; at equal versions the larger value
 * (arbitrary, but the same everywhere). Associative, commutative and idempotent — a join in the sense of state-based
 * CRDTs (Shapiro et al., 2011) — so duplicates, reordering and batching cannot change where it ends. Both are of one
 * product. Answers `a` itself when `b` brings nothing newer, else `b` itself when `a` brings nothing newer: neither is
 * copied, so an event may come out where a record is meant.
 */
export function merge(a: ProductRecord, b: ProductRecord): ProductRecord {
  const price = compare(b.price_version, b.price, a.price_version, a.price);
  const stock = compare(b.stock_version, b.stock, a.stock_version, a.stock);
  if (price <= 0 && stock <= 0) return a;
  if (price >= 0 && stock >= 0) return b;
  const p = price > 0 ? b : a;
  const s = stock > 0 ? b : a;
  return {
    product_id: a.product_id,
    price: p.price,
    price_version: p.price_version,
    stock: s.stock,
    stock_version: s.stock_version,
  };
}

/** Which of two states of a field is newer: positive for the first, negative for the other, 0 when they are the same. */
function compare(version: number, value: number | null, otherVersion: number, other: number | null): number {
  if (version !== otherVersion) return version - otherVersion;
  return (value ?? -1) - (other ?? -1);
}

/**
 * One record per product, merged, in the order in which the products first appear. Allocates a record only where two of
 * one product each have a field that the other lacks.
 */
export function coalesce(records: Iterable<ProductRecord>): Map<string, ProductRecord> {
  const merged = new Map<string, ProductRecord>();
  for (const record of records) {
    const earlier = merged.get(record.product_id);
    const next = earlier === undefined ? record : merge(earlier, record);
    if (next !== earlier) merged.set(record.product_id, next);
  }
  return merged;
}
