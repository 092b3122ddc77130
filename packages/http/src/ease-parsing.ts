import { MAX_FAULTS, productUpdateSchema } from '@product-updates/domain';
import { isWritten, walkUpdates, type UpdatesShape } from './walk-updates.ts';

/** What a body has, and what was blanked in it. */
export interface EasedBody extends UpdatesShape {
  /** How many unknown fields of an update are left out, because their names were blanked to one and the same. */
  readonly hidden: ReadonlyMap<number, number>;
}

const QUOTE = 0x22;
const SPACE = 0x20;

const names = Object.keys(productUpdateSchema.properties);

/**
 * Makes a body cheap to parse that has what no update has, in place and without changing what is right in it. V8 makes a
 * hidden class for each new order of names and an entry in a table for each new string: a megabyte of those can stop the
 * event loop for a second. So strings that nobody will be told of are made empty: the names of unknown fields but the first
 * of an update and of the body (`namesMax`), their values, and whatever is nested. JSON or not, it stays what it is.
 */
export function easeParsing(body: Buffer, namesMax: number): EasedBody {
  const hidden = new Map<number, number>();
  let kept = 0;
  let item = -1;
  let keptOfItem = 0;
  let blankedOfItem = 0;
  let isBlanked = false;
  const shape = walkUpdates(body, {
    name(start, end, index) {
      if (index !== item) {
        // The first one that was blanked is still there, as a field without a name.
        if (blankedOfItem > 1) hidden.set(item, blankedOfItem - 1);
        item = index;
        keptOfItem = blankedOfItem = 0;
      }
      isBlanked = false;
      if (isKnownName(body, start, end)) return;
      if (kept < namesMax && keptOfItem < MAX_FAULTS) {
        kept += 1;
        keptOfItem += 1;
        return;
      }
      isBlanked = true;
      blankedOfItem += 1;
      blank(body, start, end);
    },
    string(start, end, nested) {
      if (nested || isBlanked) blank(body, start, end);
    },
    number() {},
  });
  if (blankedOfItem > 1) hidden.set(item, blankedOfItem - 1);
  return { ...shape, hidden };
}

/** `"abc"` becomes `""   `. */
function blank(bytes: Uint8Array, start: number, end: number): void {
  // Without its end it is no string, and what `JSON.parse` refuses it must still find.
  if (end >= bytes.length || !isWellFormed(bytes, start, end)) return;
  for (let at = start + 1; at <= end; at += 1) bytes[at] = SPACE;
  bytes[start] = QUOTE;
}

const BACKSLASH = 0x5c;
const LOWER_U = 0x75;
const SIMPLE_ESCAPES: ReadonlySet<number> = new Set(Buffer.from('"\\/bfnrt'));

/** Whether a string holds only what JSON allows: no control characters, no other escapes (RFC 8259, 7). */
function isWellFormed(bytes: Uint8Array, start: number, end: number): boolean {
  for (let at = start; at < end; at += 1) {
    const byte = bytes[at] as number;
    if (byte < SPACE) return false;
    if (byte !== BACKSLASH) continue;
    at += 1;
    const letter = bytes[at] as number;
    if (letter === LOWER_U) {
      for (let digit = 1; digit <= 4; digit += 1) if (!isHexDigit(bytes[at + digit])) return false;
      at += 4;
    } else if (!SIMPLE_ESCAPES.has(letter)) return false;
  }
  return true;
}

function isHexDigit(byte = 0): boolean {
  const lower = byte | 0x20;
  return (byte >= 0x30 && byte <= 0x39) || (lower >= 0x61 && lower <= 0x66);
}

function isKnownName(bytes: Uint8Array, start: number, end: number): boolean {
  for (const name of names) if (isWritten(name, bytes, start, end)) return true;
  return false;
}
