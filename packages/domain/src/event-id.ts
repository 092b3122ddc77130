import { digits, FOUR_DIGITS, fourDigits } from './base36.ts';
import { checkOf, NO_CHECK } from './value-check.ts';
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
 * process with the same `random` part (1 in 2.2 billion) unless version and counter agree too. About 0.15 µs an id, so
 * the digits that seldom change are kept. `random`: 0 ≤ random < 1, asked once.
 */
export function createEventIds(random: () => number): NextEventId {
  const process = digits(Math.floor(random() * SIX_DIGITS), 6);
  let low = 0;
  let high = 0;
  let unique = process + digits(high, 2);
  let versionHigh = -1;
  let versionStart = '';

  function uniquePart(): string {
    if (low === FOUR_DIGITS) {
      low = 0;
      high = (high + 1) % 1296;
      unique = process + digits(high, 2);
    }
    return unique + fourDigits(low++);
  }

  return (version, price, stock) => {
    const start = Math.floor(version / FOUR_DIGITS);
    if (start !== versionHigh) {
      versionHigh = start;
      versionStart = digits(start, 7);
    }
    const versionPart = versionStart + fourDigits(version - start * FOUR_DIGITS);
    const fields = price === null ? '-s-' : stock === null ? '-p-' : '-ps-';
    // Pieces of at most 12 characters are joined flat; longer ones would leave a rope behind for each.
    const checks = fields + checkOf(price) + checkOf(stock);
    return versionPart + checks + uniquePart();
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
