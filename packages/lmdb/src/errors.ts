import { CodedError, codeOf, type ErrorCode } from '@product-updates/errors';

/** Of LMDB, as lmdb-js puts them into `code` of an error. */
const MDB_CORRUPTED = -30796;
const MDB_PANIC = -30795;
const MDB_VERSION_MISMATCH = -30794;
const MDB_INVALID = -30793;
const MDB_MAP_FULL = -30792;
const MDB_TXN_FULL = -30788;
const MDB_PAGE_NOTFOUND = -30797;
const MDB_BAD_VALSIZE = -30781;

/** Of the system: lmdb-js passes errno, Node the name. */
const ENOENT = 2;
const EIO = 5;
const ENOMEM = 12;
const EACCES = 13;
const EFBIG = 27;
const ENOSPC = 28;
const EROFS = 30;
const EDQUOT = 122;
const EAGAIN = 11;
const EPERM = 1;

const codes: ReadonlyMap<unknown, ErrorCode> = new Map<unknown, ErrorCode>([
  [MDB_MAP_FULL, 'full'],
  [MDB_TXN_FULL, 'full'],
  ...both(ENOSPC, 'ENOSPC', 'full'),
  ...both(EDQUOT, 'EDQUOT', 'full'),
  ...both(EFBIG, 'EFBIG', 'full'),
  [MDB_BAD_VALSIZE, 'invalid'],
  [MDB_PANIC, 'unavailable'],
  ...both(EIO, 'EIO', 'unavailable'),
  ...both(ENOMEM, 'ENOMEM', 'unavailable'),
  ...both(EAGAIN, 'EAGAIN', 'unavailable'),
  ['EMFILE', 'unavailable'],
  ['ENFILE', 'unavailable'],
  [MDB_CORRUPTED, 'misconfigured'],
  [MDB_PAGE_NOTFOUND, 'misconfigured'],
  [MDB_VERSION_MISMATCH, 'misconfigured'],
  [MDB_INVALID, 'misconfigured'],
  ...both(EACCES, 'EACCES', 'misconfigured'),
  ...both(EPERM, 'EPERM', 'misconfigured'),
  ...both(EROFS, 'EROFS', 'misconfigured'),
  ...both(ENOENT, 'ENOENT', 'misconfigured'),
  ['EEXIST', 'misconfigured'],
  ['ENOTDIR', 'misconfigured'],
  ['EISDIR', 'misconfigured'],
  ['ELOOP', 'misconfigured'],
  ['ENAMETOOLONG', 'misconfigured'],
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

function both(number: number, name: string, code: ErrorCode): readonly (readonly [unknown, ErrorCode])[] {
  return [
    [number, code],
    [name, code],
  ];
}
