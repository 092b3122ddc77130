import { excerpt, isPrintable } from './excerpt.ts';
import { faultOfOccurredAt, isOccurredAt } from './occurred-at.ts';
import { faultsOfProductId } from './product-id.ts';
import { isAcceptedPrice, isPrice, isStock, MAX_PRICE, MAX_STOCK, productUpdateSchema } from './product-update.ts';
import { SentNumber } from './sent-number.ts';

/** One thing that is wrong, told so that a person can mend it. */
export interface Fault {
  /** A sentence; of the input at most a short excerpt, with control characters escaped. */
  readonly detail: string;
  /**
   * A JSON Pointer (RFC 6901) to the member at fault, `''` for the whole. A member that is missing is pointed at where it
   * belongs; an unknown one whose name is very long or not printable is only told, with the pointer to the whole.
   */
  readonly pointer: string;
}

/** How many faults of one update are told: a hostile one must not make the answer larger than the question. */
export const MAX_FAULTS = 20;
/** Longer names of unknown fields are not repeated in a pointer. */
const MAX_POINTER_NAME = 64;

const fields: readonly string[] = Object.keys(productUpdateSchema.properties);
const knownFields = `${fields.slice(0, -1).join(', ')} and ${fields.at(-1)}`;

/**
 * Everything that is wrong with a value which `isProductUpdate` refused at the same `nowMs`, in the order of the schema's
 * fields, the unknown ones last; at most 20 faults, the last of which says how many unknown fields are left out. Empty
 * exactly where `isProductUpdate` says yes. Pointers are relative to the value. Never throws on what JSON can express.
 * `hidden`: how many more unknown fields were sent than the value has.
 */
export function faultsOf(value: unknown, nowMs: number, hidden = 0): readonly Fault[] {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    const detail = `an update must be an object like {"product_id":"p1","price":99.99}, not ${kindOf(value)}`;
    return [{ detail, pointer: '' }];
  }
  const { product_id, price, stock, occurred_at } = value as Readonly<Record<string, unknown>>;
  const faults: Fault[] = [];
  add(faults, 'product_id', productIdFaults(product_id));
  add(faults, 'price', priceFaults(price));
  add(faults, 'stock', numberFaults(stock, isStock, `a whole number from 0 to ${MAX_STOCK}`));
  if (price === undefined && stock === undefined) {
    faults.push({ detail: 'an update must have a price, a stock, or both', pointer: '' });
  }
  add(faults, 'occurred_at', occurredAtFaults(occurred_at, nowMs));
  addUnknownFields(faults, value, hidden);
  return faults;
}

/**
 * How many faults `faultsOf` tells, without their texts: at about the price of `isProductUpdate`.
 */
export function faultCountOf(value: unknown, nowMs: number, hidden = 0): number {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return 1;
  const { product_id, price, stock, occurred_at } = value as Readonly<Record<string, unknown>>;
  let count = productIdFaults(product_id).length;
  if (price === undefined ? stock === undefined : !isAcceptedPrice(price)) count += 1;
  if (stock !== undefined && !isStock(stock)) count += 1;
  if (occurred_at !== undefined && !(typeof occurred_at === 'string' && isOccurredAt(occurred_at, nowMs))) count += 1;
  const room = MAX_FAULTS - count;
  return count + Math.min(unknownFieldsIn(value, room).length + hidden, room);
}

function add(faults: Fault[], field: string, details: readonly string[]): void {
  for (const detail of details) faults.push({ detail: `${field} ${detail}`, pointer: `/${field}` });
}

function productIdFaults(value: unknown): readonly string[] {
  if (value === undefined) return ['is missing'];
  return typeof value === 'string' ? faultsOfProductId(value) : [`must be a string, not ${kindOf(value)}`];
}

function priceFaults(value: unknown): readonly string[] {
  const number = value instanceof SentNumber ? Number(value.source) : value;
  if (isAcceptedPrice(value) || !isPrice(number) || Object.is(number, -0) || number === MAX_PRICE) {
    return numberFaults(value, isAcceptedPrice, `a number from 0 to ${MAX_PRICE}`);
  }
  return [`is too close to 0 to be kept: send 0, not ${numberIn(value)}`];
}

function numberFaults(value: unknown, isRight: (value: unknown) => boolean, wanted: string): readonly string[] {
  if (value === undefined || isRight(value)) return [];
  if (value === null) return ['must not be null: leave the field out and its value stays as it is'];
  if (typeof value === 'string') return [`must be ${wanted}, not a string: send it without quotes`];
  return [`must be ${wanted}, not ${numberIn(value) ?? kindOf(value)}`];
}

/** A number as it was sent, where that is known; `undefined` for anything else. */
function numberIn(value: unknown): string | undefined {
  if (typeof value === 'number') return String(value);
  // There is nothing in it to escape, so the excerpt differs by its quotes only.
  return value instanceof SentNumber ? excerpt(value.source).slice(1, -1) : undefined;
}

function occurredAtFaults(value: unknown, nowMs: number): readonly string[] {
  if (value === undefined) return [];
  if (value === null) return ['must not be null: leave the field out and the time of acceptance orders the update'];
  if (typeof value !== 'string') return [`must be an RFC 3339 date-time in a string, not ${kindOf(value)}`];
  const fault = faultOfOccurredAt(value, nowMs);
  return fault === undefined ? [] : [fault];
}

function addUnknownFields(faults: Fault[], value: object, hidden: number): void {
  const room = MAX_FAULTS - faults.length;
  const names = unknownFieldsIn(value, Number.POSITIVE_INFINITY);
  const unknown = names.length + hidden;
  const told = unknown > room ? names.slice(0, room - 1) : names;
  for (const name of told) faults.push(unknownField(name));
  if (unknown > told.length) faults.push({ detail: `${unknown - told.length} more unknown fields`, pointer: '' });
}

/** The names of the first `max` of them. */
function unknownFieldsIn(value: object, max: number): readonly string[] {
  const names: string[] = [];
  for (const name in value) {
    if (names.length >= max) break;
    if (!fields.includes(name)) names.push(name);
  }
  return names;
}

function unknownField(name: string): Fault {
  return {
    detail: `unknown field ${excerpt(name)}: the fields are ${knownFields}`,
    pointer: name.length <= MAX_POINTER_NAME && isPrintable(name) ? pointerTo(name) : '',
  };
}

function pointerTo(name: string): string {
  return `/${name.replaceAll('~', '~0').replaceAll('/', '~1')}`;
}

function kindOf(value: unknown): string {
  if (value === null || value === undefined) return String(value);
  if (Array.isArray(value)) return 'an array';
  const kind = typeof value;
  return kind === 'object' ? 'an object' : `a ${kind}`;
}
