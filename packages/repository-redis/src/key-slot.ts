/** How many slots a cluster has. */
export const SLOTS = 16_384;

/** CRC16 of each byte alone: polynomial 0x1021, from 0 (XMODEM). */
const table: Uint16Array = Uint16Array.from({ length: 256 }, (_, byte) => {
  let crc = byte << 8;
  for (let bit = 0; bit < 8; bit++) crc = (crc & 0x8000) === 0 ? crc << 1 : (crc << 1) ^ 0x1021;
  return crc;
});

/**
 * The slot of a key in a cluster (Redis cluster specification, "Key distribution model"): CRC16 of its UTF-8 bytes modulo
 * 16,384. Of a key with braces only what stands between the first `{` and the first `}` after it counts, unless that is
 * nothing.
 */
export function slotOf(key: string): number {
  let crc = 0;
  for (const byte of Buffer.from(hashed(key))) crc = ((crc << 8) & 0xffff) ^ (table[(crc >> 8) ^ byte] ?? 0);
  return crc % SLOTS;
}

function hashed(key: string): string {
  const open = key.indexOf('{');
  if (open === -1) return key;
  const close = key.indexOf('}', open + 1);
  return close > open + 1 ? key.slice(open + 1, close) : key;
}
