import { isAcceptedPrice, isStock, MAX_PRICE } from './product-update.ts';

/** In the place of a price or stock: a number that may not be one, as it was sent. */
export class SentNumber {
  readonly source: string;

  constructor(source: string) {
    this.source = source;
  }
}

/**
 * For a number as it is written in JSON (`source`): `undefined` where it may be the field's value, else a `SentNumber`, which
 * no update may have and which faults quote. Holds the decimal digits themselves against the range, not the double made of
 * them: `1000000000000.00001` and `-1e-400` are no prices, `5.0000000000000000001` is no stock.
 */
export function sentNumber(field: 'price' | 'stock', source: string): SentNumber | undefined {
  const value = Number(source);
  const isRight = field === 'price' ? isAcceptedPrice(value) : isStock(value);
  return isRight && !isMisread(field, source, value) ? undefined : new SentNumber(source);
}

/** Numbers of at most 15 digits differ from bounds and whole numbers as doubles too; this many characters have more of them. */
const LONG = 17;

/** Whether only the double is right. */
function isMisread(field: 'price' | 'stock', source: string, value: number): boolean {
  if (value === 0) return /^[^eE]*[1-9]/.test(source);
  if (source.length < LONG) return false;
  const { digits, exponent } = decimalIn(source);
  if (field === 'stock') return exponent < 0;
  return value === MAX_PRICE && exponent + digits.length === MAX_PRICE_DIGITS && digits !== '1';
}

/** 1 and its zeros. */
const MAX_PRICE_DIGITS = 13;

/** `digits` × 10^`exponent`, without zeros at the ends of the digits; none at all for 0. */
interface Decimal {
  readonly digits: string;
  readonly exponent: number;
}

function decimalIn(source: string): Decimal {
  const [mantissa = '', power = '0'] = source.toLowerCase().split('e');
  const [whole = '', fraction = ''] = mantissa.replace('-', '').split('.');
  const all = whole + fraction;
  let end = all.length;
  while (end > 0 && all.charCodeAt(end - 1) === 0x30) end -= 1;
  let start = 0;
  while (start < end && all.charCodeAt(start) === 0x30) start += 1;
  return {
    digits: all.slice(start, end),
    exponent: Number(power) - fraction.length + (all.length - end),
  };
}

const POINT = 0x2e;
const MINUS = 0x2d;
const COLON = 0x3a;
const SPACE = 0x20;

/*
 * Whether JSON may hold a misread number as the value of a member is asked of every body, so it must cost little beside
 * `JSON.parse`. Without an exponent such a number is long. With one and few digits it is small, and is read as 0.
 */

/** Looks at each 17th byte: 17 digits and points in a row cannot be missed. */
export function hasLongNumber(json: Uint8Array): boolean {
  const { length } = json;
  for (let at = LONG - 1; at < length; at += LONG) {
    if (!isDigitOrPoint(json[at] as number)) continue;
    let start = at;
    while (start > 0 && isDigitOrPoint(json[start - 1] as number)) start -= 1;
    let end = at + 1;
    while (end < length && isDigitOrPoint(json[end] as number)) end += 1;
    if (end - start >= LONG && isValueAt(json, start)) return true;
    at = Math.max(at, end - 1);
  }
  return false;
}

/** An exponent of at least three digits; looks back only where there is one, since ids may look like that too. */
const smallNumber = /[eE]-\d{3}(?<=[:\s]-?[\d.]{1,16}[eE]-\d{3})/;

/** Only to be asked where a value is 0. */
export function hasSmallNumber(json: string): boolean {
  return smallNumber.test(json);
}

/** Whether a number that begins here, without its sign, stands behind a colon or a blank: in most strings it does not. */
function isValueAt(json: Uint8Array, start: number): boolean {
  const before = json[json[start - 1] === MINUS ? start - 2 : start - 1];
  return before === COLON || (before !== undefined && before <= SPACE);
}

function isDigitOrPoint(byte: number): boolean {
  return (byte >= 0x30 && byte <= 0x39) || byte === POINT;
}
