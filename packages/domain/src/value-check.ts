import { FOUR_DIGITS, fourDigits } from './base36.ts';

/** The check of a field that an event does not set. */
export const NO_CHECK = '0000';

const bytes = new DataView(new ArrayBuffer(8));

/**
 * A short hash of a price or a stock, four digits of base 36: two different values share one with a chance of 1 in 1.7
 * million. It is part of event ids that live in queues and dead letters, so it must never change. Mixes the two words of
 * the IEEE 754 double, in the manner of MurmurHash3's finaliser.
 */
export function checkOf(value: number | null): string {
  return fourDigits(checkNumberOf(value));
}

/** What the four digits of `checkOf` say. */
export function checkNumberOf(value: number | null): number {
  if (value === null) return 0;
  bytes.setFloat64(0, value);
  let hash = Math.imul(bytes.getUint32(0) ^ 0x9e37_79b9, 0x85eb_ca6b);
  hash = Math.imul(hash ^ (hash >>> 15) ^ bytes.getUint32(4), 0xc2b2_ae35);
  hash = Math.imul(hash ^ (hash >>> 13), 0x27d4_eb2f);
  return ((hash ^ (hash >>> 16)) >>> 0) % FOUR_DIGITS;
}
