import { readSync } from 'node:fs';

/** Of a page: its number (8), its transaction (8), 2 unused, flags (2), ends of its pointers and of its free middle (2 + 2). */
const HEADER_BYTES = 24;
const BRANCH = 1;
const LEAF = 2;
/** Of an entry: lower and upper half of a size, flags, the key's size (2 each); its value is the number of a page. */
const NODE_BYTES = 8;
const BIG = 1;
const TABLE = 2;
/** Deeper than any tree of pages that are at least half full. */
const DEPTH_MAX = 32;

/** Where the pages of LMDB's file are read from, before LMDB maps it. */
export interface PageSource {
  readonly fd: number;
  readonly pageSize: number;
  /** How many whole pages the file has. */
  readonly pages: number;
}

export interface TreePage {
  readonly number: number;
  readonly transaction: number;
  readonly isLeaf: boolean;
  readonly bytes: Buffer;
}

/** A page of a tree; undefined where the file has none of that number. */
export function readTreePage({ fd, pageSize, pages }: PageSource, number: number): TreePage | undefined {
  if (number < 2 || number >= pages) return undefined;
  const bytes = Buffer.alloc(pageSize);
  readSync(fd, bytes, 0, pageSize, number * pageSize);
  const kind = bytes.readUInt16LE(18) & (BRANCH | LEAF);
  if (Number(bytes.readBigUInt64LE(0)) !== number || (kind !== BRANCH && kind !== LEAF)) return undefined;
  return { number, transaction: Number(bytes.readBigUInt64LE(8)), isLeaf: kind === LEAF, bytes };
}

/** How many levels lead to the first entry of the tree; undefined where a page on the way is not one. */
export function depthOf(source: PageSource, root: number): number | undefined {
  let at = readTreePage(source, root);
  for (let depth = 1; at !== undefined && depth < DEPTH_MAX; depth++) {
    if (at.isLeaf) return depth;
    const [first] = children(at);
    at = first === undefined ? undefined : readTreePage(source, first);
  }
  return undefined;
}

/** Pages that follow one another. */
export interface PageRange {
  readonly start: number;
  readonly count: number;
}

/** The pages of a tree that have its entries; undefined where they cannot be read. */
export function leavesOf(source: PageSource, root: number): readonly TreePage[] | undefined {
  const found: TreePage[] = [];
  const open = [root];
  for (let visited = 0; open.length > 0; visited++) {
    const page = readTreePage(source, open.pop() ?? root);
    // More pages than the file has: they run in a circle.
    if (page === undefined || visited > source.pages) return undefined;
    if (page.isLeaf) found.push(page);
    else open.push(...children(page));
  }
  return found;
}

/** An entry of a tree, as far as it tells trees apart. */
export interface TreeEntry {
  /** Its value is the root of a table. */
  readonly isTable: boolean;
  /** The key, where it is a number of LMDB's own: eight bytes, in this machine's order. */
  readonly number: bigint | undefined;
}

export function entriesOf(leaves: readonly TreePage[]): readonly TreeEntry[] {
  return leaves.flatMap((page) =>
    nodes(page).map((node) => ({
      isTable: (page.bytes.readUInt16LE(node + 4) & TABLE) !== 0,
      number: page.bytes.readUInt16LE(node + 6) === 8 ? page.bytes.readBigUInt64LE(node + NODE_BYTES) : undefined,
    })),
  );
}

/** What LMDB's list of free pages names; undefined where the list cannot be read. */
export function freeRanges(source: PageSource, leaves: readonly TreePage[]): readonly PageRange[] | undefined {
  const found: PageRange[] = [];
  const isRead = leaves.every((page) => nodes(page).every((node) => addRanges(source, page, node, found)));
  return isRead ? found : undefined;
}

/** A list is its length, then numbers of pages; a negative one is how many follow from the next. */
function addRanges(source: PageSource, page: TreePage, node: number, found: PageRange[]): boolean {
  const list = listAt(source, page, node);
  const length = list === undefined ? Number.NaN : Number(list.readBigUInt64LE(0));
  if (list === undefined || !((length + 1) * 8 <= list.length)) return false;
  for (let at = 1; at <= length; at++) {
    const entry = Number(list.readBigInt64LE(at * 8));
    if (entry >= 0) found.push({ start: entry, count: entry === 0 ? 0 : 1 });
    else if (at < length) found.push({ start: Number(list.readBigInt64LE(++at * 8)), count: -entry });
  }
  return true;
}

/** The value of an entry: in the page, or from the page on whose number stands there. */
function listAt(source: PageSource, { bytes }: TreePage, node: number): Buffer | undefined {
  const size = bytes.readUInt16LE(node) + bytes.readUInt16LE(node + 2) * 2 ** 16;
  const value = node + NODE_BYTES + bytes.readUInt16LE(node + 6);
  if (size < 8 || size > source.pages * source.pageSize || value > bytes.length - 8) return undefined;
  if ((bytes.readUInt16LE(node + 4) & BIG) === 0) return bytes.subarray(value, value + size);
  const list = Buffer.alloc(size);
  const position = Number(bytes.readBigUInt64LE(value)) * source.pageSize + HEADER_BYTES;
  const isThere = position + size <= source.pages * source.pageSize;
  return isThere && readSync(source.fd, list, 0, size, position) === size ? list : undefined;
}

function children(page: TreePage): readonly number[] {
  const { bytes } = page;
  return nodes(page).map((node) => bytes.readUInt32LE(node) + bytes.readUInt16LE(node + 4) * 2 ** 32);
}

/** Where the entries of a page begin. */
function nodes({ bytes }: TreePage): readonly number[] {
  const count = bytes.readUInt16LE(20) >>> 1;
  const pointers = Array.from({ length: Math.min(count, (bytes.length - HEADER_BYTES) >>> 1) }, (_, index) =>
    bytes.readUInt16LE(HEADER_BYTES + 2 * index),
  );
  return pointers.map((pointer) => Math.min(pointer + HEADER_BYTES, bytes.length - 3 * NODE_BYTES));
}
