/**
 * A 32-bit hash of a key, the same in every process: FNV-1a over the UTF-16 units, its bits mixed at the end because
 * the low ones alone follow the last characters too closely (`p1`, `p2`, `p3` shall not go round the lanes in turn).
 */
export function hashKey(key: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < key.length; i++) hash = Math.imul(hash ^ key.charCodeAt(i), 0x01000193);
  hash = Math.imul(hash ^ (hash >>> 16), 0x7feb352d);
  hash = Math.imul(hash ^ (hash >>> 15), 0x846ca68b);
  return (hash ^ (hash >>> 16)) >>> 0;
}
