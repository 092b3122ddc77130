import { type ProductRecord, NEVER, type Version, versionOf } from '@product-updates/domain';
import type { DeadLetter } from '../src/index.ts';

/** The version number `n` of a test: small numbers, so that a test can be read, on the scale of real ones. */
export function v(n: number): Version {
  return versionOf(Date.UTC(2026, 0, 1), n);
}

export function price(product_id: string, value: number, version: number): ProductRecord {
  return { product_id, price: value, price_version: v(version), stock: null, stock_version: NEVER };
}

export function stock(product_id: string, value: number, version: number): ProductRecord {
  return { product_id, price: null, price_version: NEVER, stock: value, stock_version: v(version) };
}

export function both(product_id: string, priceValue: number, stockValue: number, version: number): ProductRecord {
  return {
    product_id,
    price: priceValue,
    price_version: v(version),
    stock: stockValue,
    stock_version: v(version),
  };
}

/** A letter of a failed update. */
export function letter(id: string, changes: Partial<DeadLetter> = {}): DeadLetter {
  return {
    id,
    product_id: 'p1',
    reason: 'rejected',
    error: 'the store refused it',
    attempts: 1,
    failed_at: '2026-01-01T00:00:00.000Z',
    event: { ...both('p1', 99.99, 50, 1), event_id: id, accepted_at: Date.UTC(2026, 0, 1), replays: 0 },
    bytes: null,
    ...changes,
  };
}

/** Every order of the items. */
export function ordersOf<T>(items: readonly T[]): T[][] {
  if (items.length < 2) return [[...items]];
  return items.flatMap((first, i) => ordersOf(items.toSpliced(i, 1)).map((rest) => [first, ...rest]));
}

/** Every way to cut the items into batches, in order. */
export function splitsOf<T>(items: readonly T[]): T[][][] {
  const [first, ...rest] = items;
  if (first === undefined) return [[]];
  if (rest.length === 0) return [[[first]]];
  return splitsOf(rest).flatMap(([next = [], ...others]) => [
    [[first], next, ...others],
    [[first, ...next], ...others],
  ]);
}

export function chunksOf<T>(items: readonly T[], size: number): T[][] {
  const chunks: T[][] = [];
  for (let i = 0; i < items.length; i += size) chunks.push(items.slice(i, i + size));
  return chunks;
}
