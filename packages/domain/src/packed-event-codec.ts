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

const nothing = Buffer.alloc(0);
const aside = new DataView(new ArrayBuffer(NUMBER_BYTES));
const asideBytes = new Uint8Array(aside.buffer);

/** Where the bytes of an event are to lie among others. */
export interface EventRoom {
  /** Makes room for this many bytes and answers where in `bytes` it begins. Asked once for an event. */
  reserve(length: number): number;
  /** To be looked at after `reserve` only. */
  readonly bytes: Uint8Array;
}

/** An `EventCodec` that also works within larger bytes, where an event costs no object but itself. */
export interface PackedEventCodec extends EventCodec {
  /** Writes what `encode` would answer. Throws only what `reserve` throws. */
  write(event: ProductEvent, room: EventRoom): void;
  /**
   * As `decode` of the bytes from `start` to `end`. `key`: of the message. Where it is the product id, as our own messages
   * have it, that is the same text instead of one more.
   */
  read(bytes: Uint8Array, start: number, end: number, key: string): ProductEvent;
}

/**
 * In fewer bytes and less time than JSON, for queues on this machine's own disk that nobody looks into. What
 * `createEventCodec` wrote is decoded too.
 */
export function createPackedEventCodec(options: EventCodecOptions): PackedEventCodec {
  const withinHorizon = createHorizon(options);

  function read(bytes: Uint8Array, start: number, end: number, key: string): ProductEvent {
    const isPacked = start < end && bytes[start] === PACKED;
    return withinHorizon(isPacked ? unpacked(asBuffer(bytes), start, end, key) : readEvent(bytes.subarray(start, end)));
  }

  return {
    encode(event) {
      let bytes = nothing;
      write(event, {
        reserve(length) {
          bytes = Buffer.allocUnsafe(length);
          return 0;
        },
        get bytes() {
          return bytes;
        },
      });
      return bytes;
    },
    decode: (bytes) => read(bytes, 0, bytes.length, ''),
    write,
    read,
  };
}

function write({ event_id, product_id, price, stock, accepted_at, replays }: ProductEvent, room: EventRoom): void {
  const flags = (price === null ? 0 : PRICE) | (stock === null ? 0 : STOCK) | (replays === 0 ? 0 : REPLAYED);
  const productBytes = Buffer.byteLength(product_id);
  let at = room.reserve(ID_AT + event_id.length + NUMBER_BYTES * numbersIn(flags) + productBytes);
  const { bytes } = room;
  bytes[at] = PACKED;
  bytes[at + 1] = flags;
  at = writeAscii(bytes, at + ID_AT, event_id);
  if (price !== null) at = writeNumber(bytes, at, price);
  if (stock !== null) at = writeNumber(bytes, at, stock);
  at = writeNumber(bytes, at, accepted_at);
  if (replays !== 0) at = writeNumber(bytes, at, replays);
  if (productBytes === product_id.length && productBytes < 32) writeAscii(bytes, at, product_id);
  else asBuffer(bytes).write(product_id, at, 'utf8');
}

function unpacked(bytes: Buffer, start: number, end: number, key: string): ProductEvent {
  const flags = end - start < 2 ? 0 : (bytes[start + 1] as number);
  const fields = flags & (PRICE | STOCK);
  if (fields === 0 || flags > (PRICE | STOCK | REPLAYED)) throw undecodable('no such fields can be set');
  const idAt = start + ID_AT;
  const idEnd = idAt + (fields === (PRICE | STOCK) ? 35 : 34);
  const productAt = idEnd + NUMBER_BYTES * numbersIn(flags);
  if (end <= productAt) throw undecodable('it is cut short');

  const version = versionIn(bytes, flags, idAt, idEnd);
  let at = idEnd;
  const price = fields === STOCK ? null : numberAt(bytes, at);
  if (price !== null) at += NUMBER_BYTES;
  const stock = fields === PRICE ? null : numberAt(bytes, at);
  if (stock !== null) at += NUMBER_BYTES;
  checkValues(bytes, idEnd, price, stock);
  return {
    product_id: productIn(bytes, productAt, end, key),
    price,
    price_version: price === null ? NEVER : version,
    stock,
    stock_version: stock === null ? NEVER : version,
    event_id: bytes.toString('latin1', idAt, idEnd),
    accepted_at: countAt(bytes, at, 'accepted_at'),
    replays: (flags & REPLAYED) === 0 ? 0 : replaysAt(bytes, at + NUMBER_BYTES),
  };
}

function numbersIn(flags: number): number {
  return 1 + (flags & 1) + ((flags >> 1) & 1) + ((flags >> 2) & 1);
}

/** Of the event id, once all of it is what an id may be: as `parseEventId`, without a text. */
function versionIn(bytes: Buffer, flags: number, idAt: number, idEnd: number): Version {
  let version = 0;
  let invalid = bytes[idAt + VERSION_DIGITS] === DASH && bytes[idEnd - 21] === DASH ? 0 : 255;
  for (let at = idAt; at < idAt + VERSION_DIGITS; at += 1) {
    const digit = digitOf[bytes[at] as number] as number;
    invalid |= digit;
    version = version * 36 + digit;
  }
  for (let at = idEnd - 20; at < idEnd; at += 1) invalid |= digitOf[bytes[at] as number] as number;
  const first = bytes[idAt + VERSION_DIGITS + 1];
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
  const value = numberAt(bytes, at);
  if (isStock(value) && !Object.is(value, -0)) return value;
  throw undecodable(`${name} is not a whole number from 0`);
}

function productIn(bytes: Buffer, start: number, end: number, key: string): string {
  const text = isWrittenAt(bytes, start, end, key) ? key : productTextIn(bytes, start, end);
  if (!isProductId(text)) throw undecodable('product_id is not one');
  return text;
}

/** Of a text in ASCII; false for any other. */
function isWrittenAt(bytes: Buffer, start: number, end: number, text: string): boolean {
  if (text.length !== end - start) return false;
  for (let i = 0; i < text.length; i += 1) {
    const byte = bytes[start + i] as number;
    if (byte > 0x7f || byte !== text.charCodeAt(i)) return false;
  }
  return true;
}

function productTextIn(bytes: Buffer, start: number, end: number): string {
  let units = 0;
  for (let at = start; at < end; at += 1) units |= bytes[at] as number;
  if (units > 0x7f && !isUtf8(bytes.subarray(start, end))) throw undecodable('product_id is not UTF-8');
  return bytes.toString(units > 0x7f ? 'utf8' : 'latin1', start, end);
}

/** A flat text of ASCII: for a short one a loop is faster than a call into native code. Answers where it ends. */
function writeAscii(bytes: Uint8Array, at: number, text: string): number {
  for (let i = 0; i < text.length; i += 1) bytes[at + i] = text.charCodeAt(i);
  return at + text.length;
}

/** Through eight bytes aside: `writeDoubleLE` checks its arguments, a `DataView` of the bytes would be one more object. */
function writeNumber(bytes: Uint8Array, at: number, value: number): number {
  aside.setFloat64(0, value, true);
  for (let i = 0; i < NUMBER_BYTES; i += 1) bytes[at + i] = asideBytes[i] as number;
  return at + NUMBER_BYTES;
}

function numberAt(bytes: Uint8Array, at: number): number {
  for (let i = 0; i < NUMBER_BYTES; i += 1) asideBytes[i] = bytes[at + i] as number;
  return aside.getFloat64(0, true);
}

function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
