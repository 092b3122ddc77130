import { VERSIONS_PER_MS } from './version.ts';

/** A point in time, as exact as a version can order it. */
export interface Instant {
  /** Whole milliseconds since the Unix epoch. */
  readonly ms: number;
  /** 1/4096 ms, 0 to 4095. */
  readonly sub: number;
}

/** Longer texts are refused: 44 digits of a second are enough for anybody. */
const MAX_LENGTH = 70;

/**
 * Reads a date-time of RFC 3339, §5.6, which must have an offset (`Z`, `+02:00`, `-00:00`); `T` and `Z` also in lower
 * case. `undefined` for anything else. Digits below the millisecond are cut to 1/4096 ms, exactly.
 *
 * A leap second (`:60`) is taken only where RFC 3339, §5.7, puts one: before midnight UTC at the end of June or December.
 * It counts as the last 1/4096 ms of its minute, so that it stays between the seconds around it.
 */
export function parseInstant(text: string): Instant | undefined {
  const ms = msOfInstant(text);
  return Number.isNaN(ms) ? undefined : { ms, sub: subOfInstant(text) };
}

/** The `ms` of `parseInstant`, NaN where that is undefined: allocates nothing. */
export function msOfInstant(text: string): number {
  const { length } = text;
  if (length < 20 || length > MAX_LENGTH || !hasMarks(text)) return Number.NaN;
  const century = pair(text, 0);
  const year = pair(text, 2) + 100 * century;
  const month = pair(text, 5);
  const day = pair(text, 8);
  const hour = pair(text, 11);
  const minute = pair(text, 14);
  const second = pair(text, 17);
  if (!(month >= 1 && day >= 1 && day <= daysIn(year, month) && hour <= 23 && minute <= 59 && second <= 60)) {
    return Number.NaN;
  }
  const end = endOfFraction(text);
  const local = (daysBefore(year, month, day) * 24 + hour) * 60 + minute;
  const utcMinute = local - offsetMinutes(text, end);
  if (second === 60) return isLeapMinute(utcMinute) ? utcMinute * 60_000 + 59_999 : Number.NaN;
  return utcMinute * 60_000 + second * 1000 + fractionDigits(text, 20, Math.min(end, 23), 3);
}

/** The `sub` of `parseInstant`, only for a text whose `msOfInstant` is a number. */
export function subOfInstant(text: string): number {
  if (text.charCodeAt(17) === 0x36) return VERSIONS_PER_MS - 1;
  // Every multiple of 1/4096 has at most twelve decimals: what comes later cannot reach the next one.
  const from = 23;
  const to = Math.min(endOfFraction(text), from + 12);
  return to <= from ? 0 : Math.floor((fractionDigits(text, from, to, 12) * VERSIONS_PER_MS) / 1e12);
}

/** The separators at their fixed places; T also in lower case. */
function hasMarks(text: string): boolean {
  return (
    text.charCodeAt(4) === 0x2d &&
    text.charCodeAt(7) === 0x2d &&
    (text.charCodeAt(10) | 0x20) === 0x74 &&
    text.charCodeAt(13) === 0x3a &&
    text.charCodeAt(16) === 0x3a
  );
}

/** Two decimal digits, NaN where there are none. */
function pair(text: string, at: number): number {
  return digit(text, at) * 10 + digit(text, at + 1);
}

function digit(text: string, at: number): number {
  const value = text.charCodeAt(at) - 0x30;
  return value >= 0 && value <= 9 ? value : Number.NaN;
}

/** Where the offset begins; -1 for a point without a digit behind it. */
function endOfFraction(text: string): number {
  if (text.charCodeAt(19) !== 0x2e) return 19;
  let end = 20;
  while (digit(text, end) >= 0) end += 1;
  return end === 20 ? -1 : end;
}

/** The digits from `from` to `to` as a whole number, as if there were `width` of them. */
function fractionDigits(text: string, from: number, to: number, width: number): number {
  let value = 0;
  for (let at = from; at < from + width; at += 1) value = value * 10 + (at < to ? digit(text, at) : 0);
  return value;
}

/** What the text has from `at` to its end, in minutes ahead of UTC; NaN where that is no offset. */
function offsetMinutes(text: string, at: number): number {
  const sign = text.charCodeAt(at);
  if ((sign | 0x20) === 0x7a) return text.length === at + 1 ? 0 : Number.NaN;
  if ((sign !== 0x2b && sign !== 0x2d) || text.length !== at + 6 || text.charCodeAt(at + 3) !== 0x3a) return Number.NaN;
  const hours = pair(text, at + 1);
  const minutes = pair(text, at + 4);
  if (!(hours <= 23 && minutes <= 59)) return Number.NaN;
  return (sign === 0x2d ? -1 : 1) * (hours * 60 + minutes);
}

/** Whether the minute (since the Unix epoch) is the last one of a June or December. */
function isLeapMinute(minute: number): boolean {
  const next = new Date((minute + 1) * 60_000);
  const month = next.getUTCMonth();
  return (
    (month === 0 || month === 6) && next.getUTCDate() === 1 && next.getUTCHours() === 0 && next.getUTCMinutes() === 0
  );
}

function daysIn(year: number, month: number): number {
  if (month === 2) return isLeapYear(year) ? 29 : 28;
  if (month > 12) return 0;
  return month === 4 || month === 6 || month === 9 || month === 11 ? 30 : 31;
}

function isLeapYear(year: number): boolean {
  return (year % 4 === 0 && year % 100 !== 0) || year % 400 === 0;
}

/** Days from 1970-01-01 in the Gregorian calendar; years count from March, so that the leap day comes last. */
function daysBefore(year: number, month: number, day: number): number {
  const y = month > 2 ? year : year - 1;
  const m = month > 2 ? month - 3 : month + 9;
  const leapDays = Math.floor(y / 4) - Math.floor(y / 100) + Math.floor(y / 400);
  return y * 365 + leapDays + Math.floor((m * 153 + 2) / 5) + day - 719_469;
}
