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

/** At least three digits: what a double makes 0 of is below 1e-323. */
const smallNumber = /[eE]-\d{3}(?<=[:\s]-?[\d.]{1,16}[eE]-\d{3})/;
const POINT = 0x2e;
const MINUS = 0x2d;
const COLON = 0x3a;
const SPACE = 0x20;

/**
 * Whether JSON may hold a misread number as the value of a member: false for all but one text in a great many, and quick.
 * Without an exponent such a number has more than 15 digits; with one and with fewer digits it is read as 0.
 */
export function mayHoldMisread(text: string): boolean {
  return smallNumber.test(text) || hasLongNumber(text);
}

/** Looks at each 17th character: a number of 17 characters cannot be missed. Strings that begin with digits are none. */
function hasLongNumber(text: string): boolean {
  for (let at = LONG - 1; at < text.length; at += LONG) {
    if (!isDigitOrPoint(text.charCodeAt(at))) continue;
    let before = at - 1;
    while (isDigitOrPoint(text.charCodeAt(before))) before -= 1;
    let after = at + 1;
    while (isDigitOrPoint(text.charCodeAt(after))) after += 1;
    if (after - before > LONG && isBeforeNumber(text, before)) return true;
    at = Math.max(at, after - 1);
  }
  return false;
}

function isBeforeNumber(text: string, at: number): boolean {
  const code = text.charCodeAt(text.charCodeAt(at) === MINUS ? at - 1 : at);
  return code === COLON || code <= SPACE;
}

function isDigitOrPoint(code: number): boolean {
  return (code >= 0x30 && code <= 0x39) || code === POINT;
}
