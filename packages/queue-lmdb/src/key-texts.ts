/** Places for keys. The texts of all of them together are at most some megabytes. */
const PLACES = 8192;
/** Longer ones, and those beyond ASCII, are made anew each time. */
const MAX_LENGTH = 64;

/**
 * Makes the same text of the same bytes again where it can: keys are ids of products, of which the same come again and again,
 * and a text that is there already need not be made, hashed by every map on its way, and collected. A key keeps its place until
 * another one needs it.
 */
export class KeyTexts {
  readonly #texts: (string | undefined)[] = Array.from({ length: PLACES });

  textOf(bytes: Buffer, start: number, end: number): string {
    if (end - start > MAX_LENGTH) return bytes.toString('utf8', start, end);
    let hash = 0x811c_9dc5; // FNV-1a
    let units = 0;
    for (let at = start; at < end; at++) {
      const byte = bytes[at] as number;
      units |= byte;
      hash = Math.imul(hash ^ byte, 0x0100_0193);
    }
    if (units > 0x7f) return bytes.toString('utf8', start, end);
    const place = (hash ^ (hash >>> 16)) & (PLACES - 1);
    const known = this.#texts[place];
    if (known !== undefined && isAt(bytes, start, end, known)) return known;
    return (this.#texts[place] = bytes.toString('latin1', start, end));
  }
}

function isAt(bytes: Buffer, start: number, end: number, text: string): boolean {
  if (text.length !== end - start) return false;
  for (let i = 0; i < text.length; i++) if (bytes[start + i] !== text.charCodeAt(i)) return false;
  return true;
}
