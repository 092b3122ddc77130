import { constants } from 'node:os';
import { CodedError, codeOf, type ErrorCode } from '@product-updates/errors';

const MDB_CORRUPTED = -30796;
const MDB_PANIC = -30795;
const MDB_VERSION_MISMATCH = -30794;
const MDB_INVALID = -30793;
const MDB_MAP_FULL = -30792;
const MDB_TXN_FULL = -30788;
const MDB_PAGE_NOTFOUND = -30797;
const MDB_BAD_VALSIZE = -30781;
const MDB_READERS_FULL = -30790;

/** LMDB's own, as lmdb-js puts them into `code` of an error. */
const ofLmdb: Readonly<Record<number, ErrorCode>> = {
  [MDB_MAP_FULL]: 'full',
  [MDB_TXN_FULL]: 'full',
  [MDB_BAD_VALSIZE]: 'invalid',
  [MDB_PANIC]: 'unavailable',
  [MDB_READERS_FULL]: 'unavailable',
  [MDB_CORRUPTED]: 'misconfigured',
  [MDB_PAGE_NOTFOUND]: 'misconfigured',
  [MDB_VERSION_MISMATCH]: 'misconfigured',
  [MDB_INVALID]: 'misconfigured',
};

/** Of the system. Node tells them by name, lmdb-js by number. */
const ofSystem: readonly (readonly [ErrorCode, readonly (keyof typeof constants.errno)[]])[] = [
  ['full', ['ENOSPC', 'EDQUOT', 'EFBIG']],
  ['unavailable', ['EIO', 'ENOMEM', 'EAGAIN', 'EMFILE', 'ENFILE', 'EINTR', 'EBUSY', 'ETIMEDOUT', 'ESTALE']],
  [
    'misconfigured',
    ['EACCES', 'EPERM', 'EROFS', 'ENOENT', 'EEXIST', 'ENOTDIR', 'EISDIR', 'ELOOP', 'ENAMETOOLONG', 'ENXIO'],
  ],
];

const codes: ReadonlyMap<unknown, ErrorCode> = new Map<unknown, ErrorCode>([
  ...Object.entries(ofLmdb).map(([number, code]) => [Number(number), code] as const),
  ...ofSystem.flatMap(([code, names]) => names.map((name) => [name, code] as const)),
  ...ofSystem.flatMap(([code, names]) => names.map((name) => [constants.errno[name], code] as const)),
]);

/**
 * What LMDB or the file system said, with a code, the folder and the original as `cause`. An error that neither of them throws
 * is a bug, and is answered as it is.
 */
export function translate(error: unknown, folder: string): unknown {
  if (codeOf(error) !== undefined || !(error instanceof Error)) return error;
  const code = codes.get((error as { code?: unknown }).code);
  if (code === undefined) return error;
  return new CodedError(code, `${folder}: ${adviceFor[code]}`, { cause: error });
}

const adviceFor: Readonly<Partial<Record<ErrorCode, string>>> = {
  invalid: 'LMDB cannot store this',
  full: 'no room left on the disk',
  unavailable: 'the disk cannot be used now',
  misconfigured: 'LMDB cannot use this folder',
};
