import { Buffer, isUtf8 } from 'node:buffer';
import { readEvent, type EventCodec } from './event-codec.ts';
import { createHorizon, type EventCodecOptions } from './horizon.ts';
import type { ProductEvent } from './product-event.ts';
import { isProductId } from './product-id.ts';
import { isPrice, isStock } from './product-update.ts';
import { undecodable } from './undecodable.ts';
import { checkNumberOf } from './value-check.ts';
import { isVersion, NEVER, type Version } from './version.ts';

/*
 * The bytes of an event, numbers little-endian:
 *
 *     0  u8   0x01, which no JSON begins with
 *     1  u8   1: sets the price, 2: sets the stock, 4: was replayed
 *     2       the event id: 35 characters where it sets both, else 34
 *        f64  the price, where it sets it
 *        f64  the stock, where it sets it
 *        f64  accepted_at
 *        f64  replays, where it was replayed
 *             the product id in UTF-8, to the end
 */
const PACKED = 0x01;
const PRICE = 1;
const STOCK = 2;
const REPLAYED = 4;

const ID_AT = 2;
const NUMBER_BYTES = 8;
const VERSION_DIGITS = 11;
/** Of the ASCII characters `0-9a-z`; 255 for whatever is none. */
const digitOf = new Uint8Array(256).fill(255);
for (let value = 0; value < 36; value += 1) digitOf[value.toString(36).charCodeAt(0)] = value;
const DASH = 0x2d;
const P = 0x70;
const S = 0x73;

/**
 * In fewer bytes and less time than JSON, for queues on this machine's own disk that nobody looks into. What
 * `createEventCodec` wrote is decoded too.
 */
export function createPackedEventCodec(options: EventCodecOptions): EventCodec {
  const withinHorizon = createHorizon(options);
  return {
    encode: packed,
    decode: (bytes) => withinHorizon(bytes[0] === PACKED ? unpacked(asBuffer(bytes)) : readEvent(bytes)),
  };
}

function packed({ event_id, product_id, price, stock, accepted_at, replays }: ProductEvent): Uint8Array {
  const flags = (price === null ? 0 : PRICE) | (stock === null ? 0 : STOCK) | (replays === 0 ? 0 : REPLAYED);
  let at = ID_AT + event_id.length;
  const productAt = at + NUMBER_BYTES * numbersIn(flags);
  const productBytes = Buffer.byteLength(product_id);
  const bytes = Buffer.allocUnsafe(productAt + productBytes);
  bytes[0] = PACKED;
  bytes[1] = flags;
  writeAscii(bytes, ID_AT, event_id);
  if (price !== null) at = bytes.writeDoubleLE(price, at);
  if (stock !== null) at = bytes.writeDoubleLE(stock, at);
  at = bytes.writeDoubleLE(accepted_at, at);
  if (replays !== 0) bytes.writeDoubleLE(replays, at);
  if (productBytes === product_id.length && productBytes < 32) writeAscii(bytes, productAt, product_id);
  else bytes.write(product_id, productAt, 'utf8');
  return bytes;
}

function unpacked(bytes: Buffer): ProductEvent {
  const flags = bytes[1] ?? 0;
  const fields = flags & (PRICE | STOCK);
  if (fields === 0 || flags > (PRICE | STOCK | REPLAYED)) throw undecodable('no such fields can be set');
  const idEnd = ID_AT + (fields === (PRICE | STOCK) ? 35 : 34);
  const productAt = idEnd + NUMBER_BYTES * numbersIn(flags);
  if (bytes.length <= productAt) throw undecodable('it is cut short');

  const version = versionIn(bytes, flags, idEnd);
  let at = idEnd;
  const price = fields === STOCK ? null : bytes.readDoubleLE(at);
  if (price !== null) at += NUMBER_BYTES;
  const stock = fields === PRICE ? null : bytes.readDoubleLE(at);
  if (stock !== null) at += NUMBER_BYTES;
  checkValues(bytes, idEnd, price, stock);
  return {
    product_id: productIn(bytes, productAt),
    price,
    price_version: price === null ? NEVER : version,
    stock,
    stock_version: stock === null ? NEVER : version,
    event_id: bytes.toString('latin1', ID_AT, idEnd),
    accepted_at: countAt(bytes, at, 'accepted_at'),
    replays: (flags & REPLAYED) === 0 ? 0 : replaysAt(bytes, at + NUMBER_BYTES),
  };
}

function numbersIn(flags: number): number {
  return 1 + (flags & 1) + ((flags >> 1) & 1) + ((flags >> 2) & 1);
}

/** Of the event id, once all of it is what an id may be: as `parseEventId`, without a text. */
function versionIn(bytes: Buffer, flags: number, idEnd: number): Version {
  let version = 0;
  let invalid = bytes[ID_AT + VERSION_DIGITS] === DASH && bytes[idEnd - 21] === DASH ? 0 : 255;
  for (let at = ID_AT; at < ID_AT + VERSION_DIGITS; at += 1) {
    const digit = digitOf[bytes[at] as number] as number;
    invalid |= digit;
    version = version * 36 + digit;
  }
  for (let at = idEnd - 20; at < idEnd; at += 1) invalid |= digitOf[bytes[at] as number] as number;
  const first = bytes[ID_AT + VERSION_DIGITS + 1];
  const rightFields =
    first === ((flags & PRICE) === 0 ? S : P) && bytes[idEnd - 22] === ((flags & STOCK) === 0 ? P : S);
  if (invalid > 63 || !rightFields || version === 0 || !isVersion(version)) throw undecodable('event_id is not one');
  return version;
}

function checkValues(bytes: Buffer, idEnd: number, price: number | null, stock: number | null): void {
  if (price !== null && !isPrice(price)) throw undecodable('price is out of range');
  if (stock !== null && !isStock(stock)) throw undecodable('stock is out of range');
  if (checkAt(bytes, idEnd - 20) !== checkNumberOf(price)) throw undecodable('price is not the one of the event_id');
  if (checkAt(bytes, idEnd - 16) !== checkNumberOf(stock)) throw undecodable('stock is not the one of the event_id');
}

function checkAt(bytes: Buffer, checkAt: number): number {
  let check = 0;
  for (let at = checkAt; at < checkAt + 4; at += 1) check = check * 36 + (digitOf[bytes[at] as number] as number);
  return check;
}

function replaysAt(bytes: Buffer, at: number): number {
  const replays = countAt(bytes, at, 'replays');
  if (replays === 0) throw undecodable('replays is written as none');
  return replays;
}

function countAt(bytes: Buffer, at: number, name: string): number {
  const value = bytes.readDoubleLE(at);
  if (isStock(value) && !Object.is(value, -0)) return value;
  throw undecodable(`${name} is not a whole number from 0`);
}

function productIn(bytes: Buffer, from: number): string {
  let units = 0;
  for (let at = from; at < bytes.length; at += 1) units |= bytes[at] as number;
  if (units > 0x7f && !isUtf8(bytes.subarray(from))) throw undecodable('product_id is not UTF-8');
  const text = bytes.toString(units > 0x7f ? 'utf8' : 'latin1', from);
  if (!isProductId(text)) throw undecodable('product_id is not one');
  return text;
}

/** A flat text of ASCII: for a short one a loop is faster than a call into native code. */
function writeAscii(bytes: Buffer, at: number, text: string): void {
  for (let i = 0; i < text.length; i += 1) bytes[at + i] = text.charCodeAt(i);
}

function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
