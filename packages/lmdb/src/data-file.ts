import { createHash } from 'node:crypto';
import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { join } from 'node:path';
import { CodedError } from '@product-updates/errors';
import { DATA_FILE } from './database.ts';
import {
  depthOf,
  entriesOf,
  freeRanges,
  leavesOf,
  readTreePage,
  type PageRange,
  type PageSource,
  type TreeEntry,
  type TreePage,
} from './pages.ts';

/** The first two pages each describe a commit; the newer one counts. Offsets within such a page, of LMDB's format 2. */
const MAGIC = 0xbeefc0de;
const FORMAT = 2;
const META_FLAG = 8;
const META_BYTES = 168;
const NO_ROOT = 2n ** 64n - 1n;

/** What a meta page says. */
interface Meta {
  readonly pageSize: number;
  readonly transaction: number;
  readonly lastPage: number;
  readonly flags: string;
  readonly free: Tree;
  readonly main: Tree;
}

interface Tree {
  readonly depth: number;
  readonly entries: number;
  /** Undefined where the tree is empty. */
  readonly root: number | undefined;
}

/**
 * Looks at the file before LMDB maps it: LMDB believes its first pages without a checksum, and reading behind the end of a
 * mapped file kills the process. `left` is what `closedState` answered when the file was last closed well, something else
 * while it was open, '' where there was none.
 *
 * Throws `misconfigured` where it cannot be what LMDB wrote, so that damage is never taken for an older state or for none.
 */
export function checkDataFile(folder: string, left: string): void {
  const damage = damageOf(folder, left);
  if (damage === undefined) return;
  const advice = 'restore a backup of the folder, or move it away to start empty';
  throw new CodedError('misconfigured', `${join(folder, DATA_FILE)} ${damage}; ${advice}`);
}

/** Size and a hash of the pages that the next opening relies on. */
export function closedState(folder: string): string {
  const fd = openSync(join(folder, DATA_FILE), 'r');
  try {
    return stateOf(fd);
  } finally {
    closeSync(fd);
  }
}

function damageOf(folder: string, left: string): string | undefined {
  const fd = openSync(join(folder, DATA_FILE), left === '' ? 'a+' : 'r+', 0o664);
  try {
    const { size } = fstatSync(fd);
    if (size === 0) return left === '' ? undefined : 'is empty';
    const isAsLeft = !left.startsWith('closed ') || left === stateOf(fd);
    return isAsLeft ? damageIn(fd, size) : 'is not as it was when it was closed (cut, damaged or swapped)';
  } finally {
    closeSync(fd);
  }
}

function stateOf(fd: number): string {
  const metas = Buffer.alloc(2 * 2 ** 16);
  const { size } = fstatSync(fd);
  const pageSize = size < META_BYTES ? size : metaAt(fd, 0).readUInt32LE(48);
  const read = readSync(fd, metas, 0, Math.min(2 * pageSize, metas.length), 0);
  return `closed ${size} ${createHash('sha256').update(metas.subarray(0, read)).digest('hex')}\n`;
}

function damageIn(fd: number, size: number): string | undefined {
  const first = metaAt(fd, 0);
  if (first.readUInt32LE(24) !== MAGIC) return 'is not a file of LMDB';
  if (first.readUInt32LE(28) !== FORMAT) return `is of another version of LMDB (data format ${first.readUInt32LE(28)})`;
  const pageSize = first.readUInt32LE(48);
  const isPageSize = pageSize >= 512 && pageSize <= 2 ** 15 && (pageSize & (pageSize - 1)) === 0;
  if (!isPageSize) return 'is damaged (size of its pages)';
  const pages = Math.floor(size / pageSize);
  if (pages < 2) return 'is cut short';
  const metas = [readMeta(first, 0), readMeta(metaAt(fd, pageSize), 1)] as const;
  const [even, odd] = metas;
  if (even === undefined || odd === undefined || odd.pageSize !== pageSize) return 'is damaged (its first pages)';
  if (!areNeighbours(even, odd)) return 'is damaged (its first pages contradict each other)';
  const newer = even.transaction > odd.transaction ? even : odd;
  return damageBelow(newer, { fd, pageSize, pages });
}

/** Commits alternate between the two pages and count by one. */
function areNeighbours(even: Meta, odd: Meta): boolean {
  if (even.flags !== odd.flags) return false;
  if (even.transaction === 0 && odd.transaction === 0) return true;
  const isInPlace = even.transaction % 2 === 0 && odd.transaction % 2 === 1;
  if (!isInPlace || Math.abs(even.transaction - odd.transaction) !== 1) return false;
  const [older, newer] = even.transaction < odd.transaction ? [even, odd] : [odd, even];
  return older.lastPage <= newer.lastPage;
}

function damageBelow(meta: Meta, source: PageSource): string | undefined {
  const free = leavesIn(meta.free, meta, source, ({ number }) => isBefore(number, meta.transaction));
  const main = leavesIn(meta.main, meta, source, ({ isTable }) => isTable);
  if (free === undefined || main === undefined) return 'is damaged (its tables)';
  if (source.pages > meta.lastPage) return undefined;
  // Pages at the end that were given back in the commit that took them were never written: only those may be missing.
  const ranges = freeRanges(source, free);
  const missing = { start: source.pages, count: meta.lastPage + 1 - source.pages };
  return ranges !== undefined && covered(missing, ranges) === missing.count ? undefined : 'is cut short';
}

/** What is free is listed by the commit that gave it back. */
function isBefore(number: bigint | undefined, transaction: number): boolean {
  return number !== undefined && number > 0n && number <= transaction;
}

/** How many of the pages the ranges name; no page is free twice. */
function covered({ start, count }: PageRange, ranges: readonly PageRange[]): number {
  const end = start + count;
  return ranges.reduce((sum, range) => {
    const overlap = Math.min(end, range.start + range.count) - Math.max(start, range.start);
    return sum + Math.max(overlap, 0);
  }, 0);
}

/** The leaves of a tree that has all that its meta page says; undefined where it has not. */
function leavesIn(
  { root, depth, entries }: Tree,
  { lastPage, transaction }: Meta,
  source: PageSource,
  isEntry: (entry: TreeEntry) => boolean,
): readonly TreePage[] | undefined {
  if (root === undefined) return depth === 0 && entries === 0 ? [] : undefined;
  // Every commit writes both roots anew.
  const isRoot = readTreePage(source, root)?.transaction === transaction && root <= lastPage;
  const leaves = isRoot && depthOf(source, root) === depth ? leavesOf(source, root) : undefined;
  const found = entriesOf(leaves ?? []);
  return found.length === entries && found.every(isEntry) ? leaves : undefined;
}

function metaAt(fd: number, position: number): Buffer {
  const bytes = Buffer.alloc(META_BYTES);
  readSync(fd, bytes, 0, META_BYTES, position);
  return bytes;
}

function readMeta(page: Buffer, number: number): Meta | undefined {
  const isMeta = Number(page.readBigUInt64LE(0)) === number && page.readUInt16LE(18) === META_FLAG;
  if (!isMeta || page.readUInt32LE(24) !== MAGIC || page.readUInt32LE(28) !== FORMAT) return undefined;
  return {
    pageSize: page.readUInt32LE(48),
    flags: `${page.readUInt16LE(52)} ${page.readUInt32LE(96)} ${page.readUInt16LE(100)}`,
    free: treeAt(page, 48),
    main: treeAt(page, 96),
    lastPage: Number(page.readBigUInt64LE(144)),
    transaction: Number(page.readBigUInt64LE(152)),
  };
}

function treeAt(page: Buffer, offset: number): Tree {
  const root = page.readBigUInt64LE(offset + 40);
  return {
    depth: page.readUInt16LE(offset + 6),
    entries: Number(page.readBigUInt64LE(offset + 32)),
    root: root === NO_ROOT ? undefined : Number(root),
  };
}
