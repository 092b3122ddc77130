import { Buffer, isUtf8 } from 'node:buffer';
import { parseEventId, type EventId } from './event-id.ts';
import { createHorizon, type EventCodecOptions } from './horizon.ts';
import type { ProductEvent } from './product-event.ts';
import { isProductId } from './product-id.ts';
import { isPrice, isStock } from './product-update.ts';
import { undecodable } from './undecodable.ts';
import { checkOf } from './value-check.ts';
import { NEVER, type Version } from './version.ts';

/** Events as bytes, for queues outside this process. */
export interface EventCodec {
  encode(event: ProductEvent): Uint8Array;
  /** Throws an `undecodable` that says why, for everything that `encode` cannot have written; see `isPlausible` too. */
  decode(bytes: Uint8Array): ProductEvent;
}

/** More than the longest event: 128 characters of 4 bytes, and a few short fields. */
const MAX_BYTES = 2048;

/** Field versions are not written: they are the id's version, or 0 for a field that the id does not name. */
interface Written {
  readonly event_id?: unknown;
  readonly product_id?: unknown;
  readonly price?: unknown;
  readonly stock?: unknown;
  readonly accepted_at?: unknown;
  readonly replays?: unknown;
}
const writtenFields: readonly string[] = ['event_id', 'product_id', 'price', 'stock', 'accepted_at', 'replays'];

/** As UTF-8 JSON, about 150 bytes, readable in a broker's console. */
export function createEventCodec(options: EventCodecOptions): EventCodec {
  const withinHorizon = createHorizon(options);
  return {
    encode({ event_id, product_id, price, stock, accepted_at, replays }) {
      const values = (price === null ? '' : `,"price":${price}`) + (stock === null ? '' : `,"stock":${stock}`);
      const id = `{"event_id":"${event_id}","product_id":${JSON.stringify(product_id)}`;
      return Buffer.from(`${id}${values},"accepted_at":${accepted_at},"replays":${replays}}`, 'utf8');
    },
    decode: (bytes) => withinHorizon(readEvent(bytes)),
  };
}

/** Throws an `undecodable` for what is no event in JSON; knows no time. */
export function readEvent(bytes: Uint8Array): ProductEvent {
  return eventOf(writtenIn(bytes));
}

function eventOf({ event_id, product_id, price, stock, accepted_at, replays }: Written): ProductEvent {
  const id = typeof event_id === 'string' ? parseEventId(event_id) : undefined;
  if (id === undefined) throw undecodable('event_id is not one');
  if (typeof product_id !== 'string' || !isProductId(product_id)) throw undecodable('product_id is not one');
  checkValue('price', price, id.fields !== 's', isPrice, id.priceCheck);
  checkValue('stock', stock, id.fields !== 'p', isStock, id.stockCheck);
  return {
    product_id,
    price: (price ?? null) as number | null,
    price_version: versionOfField(id, 's'),
    stock: (stock ?? null) as number | null,
    stock_version: versionOfField(id, 'p'),
    event_id: id.text,
    accepted_at: count('accepted_at', accepted_at),
    replays: count('replays', replays),
  };
}

function checkValue(
  name: string,
  value: unknown,
  isSet: boolean,
  isRight: (value: unknown) => value is number,
  check: string,
): void {
  if (!isSet && value !== undefined) throw undecodable(`${name} is there, but the event_id does not name it`);
  if (!isSet) return;
  if (!isRight(value)) throw undecodable(`${name} is missing or out of range`);
  if (checkOf(value) !== check) throw undecodable(`${name} is not the one that the event_id was made for`);
}

function versionOfField({ fields, version }: EventId, other: 'p' | 's'): Version {
  return fields === other ? NEVER : version;
}

function count(name: string, value: unknown): number {
  if (Number.isSafeInteger(value) && (value as number) >= 0 && !Object.is(value, -0)) return value as number;
  throw undecodable(`${name} is not a whole number from 0`);
}

function writtenIn(bytes: Uint8Array): Written {
  if (bytes.length > MAX_BYTES) throw undecodable(`${bytes.length} bytes are more than an event has`);
  if (!isUtf8(bytes)) throw undecodable('it is not UTF-8');
  const value = jsonIn(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8'));
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw undecodable('it is not a JSON object');
  for (const name in value) {
    if (!writtenFields.includes(name)) throw undecodable('it has a field that no event has');
  }
  return value;
}

function jsonIn(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // The parser's own message would repeat the input.
    throw undecodable('it is not JSON');
  }
}
