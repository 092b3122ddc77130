import { excerpt, isPrintable } from './excerpt.ts';
import { faultOfOccurredAt } from './occurred-at.ts';
import { faultsOfProductId } from './product-id.ts';
import { isPrice, isStock, MAX_PRICE, MAX_STOCK, productUpdateSchema } from './product-update.ts';

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
 */
export function faultsOf(value: unknown, nowMs: number): readonly Fault[] {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    const detail = `an update must be an object like {"product_id":"p1","price":99.99}, not ${kindOf(value)}`;
    return [{ detail, pointer: '' }];
  }
  const { product_id, price, stock, occurred_at } = value as Readonly<Record<string, unknown>>;
  const faults: Fault[] = [];
  add(faults, 'product_id', productIdFaults(product_id));
  add(faults, 'price', numberFaults(price, isPrice, `a number from 0 to ${MAX_PRICE}`));
  add(faults, 'stock', numberFaults(stock, isStock, `a whole number from 0 to ${MAX_STOCK}`));
  if (price === undefined && stock === undefined) {
    faults.push({ detail: 'an update must have a price, a stock, or both', pointer: '' });
  }
  add(faults, 'occurred_at', occurredAtFaults(occurred_at, nowMs));
  addUnknownFields(faults, value);
  return faults;
}

function add(faults: Fault[], field: string, details: readonly string[]): void {
  for (const detail of details) faults.push({ detail: `${field} ${detail}`, pointer: `/${field}` });
}

function productIdFaults(value: unknown): readonly string[] {
  if (value === undefined) return ['is missing'];
  return typeof value === 'string' ? faultsOfProductId(value) : [`must be a string, not ${kindOf(value)}`];
}

function numberFaults(value: unknown, isRight: (value: unknown) => boolean, wanted: string): readonly string[] {
  if (value === undefined || isRight(value)) return [];
  if (value === null) return ['must not be null: leave the field out and its value stays as it is'];
  if (typeof value === 'string') return [`must be ${wanted}, not a string: send it without quotes`];
  return [`must be ${wanted}, not ${typeof value === 'number' ? String(value) : kindOf(value)}`];
}

function occurredAtFaults(value: unknown, nowMs: number): readonly string[] {
  if (value === undefined) return [];
  if (value === null) return ['must not be null: leave the field out and the time of acceptance orders the update'];
  if (typeof value !== 'string') return [`must be an RFC 3339 date-time in a string, not ${kindOf(value)}`];
  const fault = faultOfOccurredAt(value, nowMs);
  return fault === undefined ? [] : [fault];
}

function addUnknownFields(faults: Fault[], value: object): void {
  const room = MAX_FAULTS - faults.length;
  const told: string[] = [];
  let unknown = 0;
  for (const name in value) {
    if (fields.includes(name)) continue;
    unknown += 1;
    if (told.length < room) told.push(name);
  }
  if (unknown > room) told.pop();
  for (const name of told) faults.push(unknownField(name));
  if (unknown > room) faults.push({ detail: `${unknown - told.length} more unknown fields`, pointer: '' });
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
