import { readSync } from 'node:fs';

/** Of a page: its number (8), its transaction (8), 2 unused, flags (2), ends of its pointers and of its free middle (2 + 2). */
const HEADER_BYTES = 24;
const BRANCH = 1;
const LEAF = 2;
/** Of an entry: lower and upper half of a size, flags, the key's size (2 each); its value is the number of a page. */
const NODE_BYTES = 8;
const BIG = 1;
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

/** Calls `each` with every page that LMDB's list of free pages names; false where the list cannot be read. */
export function eachFreePage(source: PageSource, root: number, each: (page: number) => void, depth = 1): boolean {
  const page = readTreePage(source, root);
  if (page === undefined || depth > DEPTH_MAX) return false;
  if (!page.isLeaf) return children(page).every((child) => eachFreePage(source, child, each, depth + 1));
  return nodes(page).every((node) => eachOfList(source, page, node, each));
}

/** A list is its length, then numbers of pages; a negative one is how many follow from the next. */
function eachOfList(source: PageSource, page: TreePage, node: number, each: (page: number) => void): boolean {
  const size = page.bytes.readUInt16LE(node) + page.bytes.readUInt16LE(node + 2) * 2 ** 16;
  const value = node + NODE_BYTES + page.bytes.readUInt16LE(node + 6);
  const isBig = (page.bytes.readUInt16LE(node + 4) & BIG) !== 0;
  const list = isBig ? Buffer.alloc(size) : page.bytes.subarray(value, value + size);
  if (isBig) {
    const first = Number(page.bytes.readBigUInt64LE(value));
    const read = readSync(source.fd, list, 0, size, first * source.pageSize + HEADER_BYTES);
    if (read < size) return false;
  }
  const length = Number(list.readBigUInt64LE(0));
  if ((length + 1) * 8 > size) return false;
  for (let at = 1; at <= length; at++) {
    const entry = Number(list.readBigInt64LE(at * 8));
    const count = entry < 0 ? -entry : 1;
    if (entry < 0) at++;
    const start = entry < 0 ? Number(list.readBigInt64LE(at * 8)) : entry;
    if (start > 0) for (let page = start; page < start + count; page++) each(page);
  }
  return true;
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
