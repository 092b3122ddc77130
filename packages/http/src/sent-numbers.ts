import { isAcceptedPrice, isStock, sentNumber } from '@product-updates/domain';
import { isWritten, walkUpdates } from './walk-updates.ts';

/**
 * Puts a `SentNumber` in the place of each price and stock that may not be one by what was sent: the double that `JSON.parse`
 * made of it may be right, and is not what a fault should quote. `items`: the updates that were parsed of the body.
 */
export function markBadNumbers(body: Buffer, items: readonly unknown[]): void {
  const prices = createPlaces(items.length);
  const stocks = createPlaces(items.length);
  let places: Places | undefined;
  walkUpdates(body, {
    name(start, end) {
      places = isWritten('price', body, start, end)
        ? prices
        : isWritten('stock', body, start, end)
          ? stocks
          : undefined;
    },
    string() {},
    number(start, end, index) {
      if (places === undefined) return;
      // Of members with the same name the last one counts.
      places.starts[index] = start;
      places.ends[index] = end;
    },
  });
  for (const [index, item] of items.entries()) {
    mark('price', item, body, prices, index);
    mark('stock', item, body, stocks, index);
  }
}

/** Whether a fault of the item quotes a number. */
export function hasBadNumber(item: unknown): boolean {
  if (typeof item !== 'object' || item === null) return false;
  const { price, stock } = item as Readonly<Record<string, unknown>>;
  return (typeof price === 'number' && !isAcceptedPrice(price)) || (typeof stock === 'number' && !isStock(stock));
}

export function hasZero(item: unknown): boolean {
  const update = item as Readonly<Record<string, unknown>> | null;
  return update?.['price'] === 0 || update?.['stock'] === 0;
}

/** Where the number of each item is. */
interface Places {
  readonly starts: Uint32Array;
  readonly ends: Uint32Array;
}

function createPlaces(length: number): Places {
  return { starts: new Uint32Array(length), ends: new Uint32Array(length) };
}

function mark(field: 'price' | 'stock', item: unknown, body: Buffer, { starts, ends }: Places, index: number): void {
  const update = item as Record<string, unknown> | null;
  // Whatever else the last member with this name was, it was no number.
  if (typeof update?.[field] !== 'number') return;
  update[field] = sentNumber(field, body.toString('latin1', starts[index], ends[index])) ?? update[field];
}
