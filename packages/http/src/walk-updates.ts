/** Called for what the walk finds, with the places of its bytes. It means something only where the text is JSON. */
export interface UpdatesVisitor {
  /** The name of a member of the update `index`, without its quotes. */
  name(start: number, end: number, index: number): void;
  /** Any other string within an update, without its quotes. `nested`: deeper than the update's own members. */
  string(start: number, end: number, nested: boolean): void;
  /** A number that is the value of a member of the update `index`. */
  number(start: number, end: number, index: number): void;
}

/** What a body has, by its brackets and commas. */
export interface UpdatesShape {
  /** Of the array, or 1. */
  readonly items: number;
  /** Arrays and objects within updates, which need none. */
  readonly nested: number;
}

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COMMA = 0x2c;
const PLUS = 0x2b;
const MINUS = 0x2d;
const POINT = 0x2e;
const LOWER_A = 0x61;
const LOWER_E = 0x65;
const LOWER_U = 0x75;
const OPEN_BRACKET = 0x5b;
const OPEN_BRACE = 0x7b;
const CLOSE_BRACKET = 0x5d;
const CLOSE_BRACE = 0x7d;

/** Bytes outside strings that mean nothing here. */
const isPassed = new Uint8Array(256).fill(1);
for (const byte of Buffer.from('",[]{}-0123456789', 'latin1')) isPassed[byte] = 0;

/**
 * Walks once through the bytes of one update or an array of updates, in time that depends on their number alone, and makes
 * no values of them. Whether they are JSON is not checked.
 */
export function walkUpdates(bytes: Uint8Array, visitor: UpdatesVisitor): UpdatesShape {
  const { length } = bytes;
  let depth = 0;
  /** At which depth members of updates are; 0: nothing was opened yet. */
  let memberDepth = 0;
  let items = 1;
  let opened = 0;
  let isNameNext = false;
  for (let at = 0; at < length; at += 1) {
    const byte = bytes[at] as number;
    if (isPassed[byte] === 1) continue;
    if (byte === QUOTE) {
      const start = at + 1;
      at = endOfString(bytes, start);
      if (isNameNext && depth === memberDepth) visitor.name(start, at, items - 1);
      else if (depth >= memberDepth) visitor.string(start, at, depth > memberDepth);
      isNameNext = false;
    } else if (byte === COMMA) {
      if (depth === memberDepth) isNameNext = true;
      else if (depth === 1) items += 1;
    } else if (isOpening(byte)) {
      depth += 1;
      opened += 1;
      if (memberDepth === 0) memberDepth = byte === OPEN_BRACE ? 1 : 2;
      isNameNext = byte === OPEN_BRACE && depth === memberDepth;
    } else if (isClosing(byte)) {
      depth -= 1;
    } else if (depth === memberDepth && (byte === MINUS || isDigit(byte))) {
      const start = at;
      while (isInNumber(bytes[at + 1] as number)) at += 1;
      visitor.number(start, at + 1, items - 1);
    }
  }
  return { items, nested: Math.max(0, opened - items - (memberDepth - 1)) };
}

/** Whether bytes of a JSON string are this name, in ASCII, each of whose letters may be written as `\u0000`. */
export function isWritten(name: string, bytes: Uint8Array, start: number, end: number): boolean {
  let at = start;
  for (let i = 0; i < name.length; i += 1) {
    const code = name.charCodeAt(i);
    if (bytes[at] === code) at += 1;
    else if (bytes[at] === BACKSLASH && bytes[at + 1] === LOWER_U && hexIn(bytes, at + 2) === code) at += 6;
    else return false;
  }
  return at === end;
}

/** Four digits; NaN or a wrong number for anything else. */
function hexIn(bytes: Uint8Array, start: number): number {
  let value = 0;
  for (let at = start; at < start + 4; at += 1) {
    const byte = (bytes[at] as number) | 0x20;
    value = value * 16 + (byte >= LOWER_A ? byte - LOWER_A + 10 : byte - 0x30);
  }
  return value;
}

function endOfString(bytes: Uint8Array, start: number): number {
  for (let at = start; at < bytes.length; at += 1) {
    const byte = bytes[at];
    if (byte === QUOTE) return at;
    if (byte === BACKSLASH) at += 1;
  }
  return bytes.length;
}

function isOpening(byte: number): boolean {
  return byte === OPEN_BRACE || byte === OPEN_BRACKET;
}

function isClosing(byte: number): boolean {
  return byte === CLOSE_BRACE || byte === CLOSE_BRACKET;
}

function isInNumber(byte: number): boolean {
  return isDigit(byte) || byte === POINT || byte === MINUS || byte === PLUS || (byte | 0x20) === LOWER_E;
}

function isDigit(byte: number): boolean {
  return byte >= 0x30 && byte <= 0x39;
}
