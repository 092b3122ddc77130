import { Buffer } from 'node:buffer';
import { digits, FOUR_DIGITS, writeFourDigits } from './base36.ts';
import { checkNumberOf, NO_CHECK } from './value-check.ts';
import type { Version } from './version.ts';

/**
 * What an event id says. To clients it is opaque. Its parts, all of fixed width, so that ids sort by version and none is
 * the beginning of another:
 *
 *     08rh8cszza1 - ps - jybi 0nlc 4f1k0z 00b4rd
 *     version       │    │    │    │      counter of the process
 *                   │    │    │    random for each process
 *                   │    checks of price and stock, 0000 for a field it does not set
 *                   the fields it sets: p, s or ps
 */
export interface EventId {
  readonly text: string;
  readonly version: Version;
  readonly fields: 'p' | 's' | 'ps';
  readonly priceCheck: string;
  readonly stockCheck: string;
}

/** Makes an id for an event with this version and these values, at least one of which is not null. */
export type NextEventId = (version: Version, price: number | null, stock: number | null) => string;

const SIX_DIGITS = 36 ** 6;
const pattern = /^[0-9a-z]{11}-(p|s|ps)-[0-9a-z]{20}$/;

/**
 * Ids that differ within this process until 36^6 (2.2 billion) were given within one version, and from those of any other
 * process with the same `random` part (1 in 2.2 billion) unless version and counter agree too. Written byte by byte where
 * the one before was, of which most stays: joining texts took twice as long and left six of them behind for each id.
 * `random`: 0 ≤ random < 1, asked once.
 */
export function createEventIds(random: () => number): NextEventId {
  const process = digits(Math.floor(random() * SIX_DIGITS), 6);
  const both = createIdBytes('ps', process);
  const priceAlone = createIdBytes('p', process);
  const stockAlone = createIdBytes('s', process);
  let low = -1;
  let high = 0;

  function count(): void {
    low += 1;
    if (low < FOUR_DIGITS) return;
    low = 0;
    high = (high + 1) % 1296;
  }

  return (version, price, stock) => {
    count();
    const bytes = price === null ? stockAlone : stock === null ? priceAlone : both;
    return bytes.text(version, price, stock, high, low);
  };
}

/** The bytes of ids that set the same fields. */
interface IdBytes {
  text(version: Version, price: number | null, stock: number | null, high: number, low: number): string;
}

function createIdBytes(fields: EventId['fields'], process: string): IdBytes {
  const bytes = Buffer.from(`${'0'.repeat(11)}-${fields}-${NO_CHECK}${NO_CHECK}${process}000000`, 'latin1');
  const checksAt = 11 + fields.length + 2;
  let versionHigh = 0;
  let counterHigh = 0;
  return {
    text(version, price, stock, high, low) {
      const start = Math.floor(version / FOUR_DIGITS);
      if (start !== versionHigh) {
        versionHigh = start;
        bytes.write(digits(start, 7), 0, 'latin1');
      }
      if (high !== counterHigh) {
        counterHigh = high;
        bytes.write(digits(high, 2), checksAt + 14, 'latin1');
      }
      writeFourDigits(bytes, 7, version - start * FOUR_DIGITS);
      if (price !== null) writeFourDigits(bytes, checksAt, checkNumberOf(price));
      if (stock !== null) writeFourDigits(bytes, checksAt + 4, checkNumberOf(stock));
      writeFourDigits(bytes, checksAt + 16, low);
      return bytes.toString('latin1');
    },
  };
}

/** `undefined` for a text that no `NextEventId` can have made. */
export function parseEventId(text: string): EventId | undefined {
  const fields = pattern.exec(text)?.[1] as EventId['fields'] | undefined;
  if (fields === undefined) return undefined;
  const version = versionIn(text);
  const checks = 11 + fields.length + 2;
  const priceCheck = text.slice(checks, checks + 4);
  const stockCheck = text.slice(checks + 4, checks + 8);
  if (version === undefined) return undefined;
  if ((fields === 's' && priceCheck !== NO_CHECK) || (fields === 'p' && stockCheck !== NO_CHECK)) return undefined;
  return { text, version, fields, priceCheck, stockCheck };
}

function versionIn(text: string): Version | undefined {
  let version = 0;
  for (let at = 0; at < 11; at += 1) {
    const code = text.charCodeAt(at);
    version = version * 36 + (code < 0x3a ? code - 0x30 : code - 0x57);
  }
  return version >= 1 && version <= Number.MAX_SAFE_INTEGER ? (version as Version) : undefined;
}
