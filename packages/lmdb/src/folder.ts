import {
  closeSync,
  existsSync,
  fsyncSync,
  ftruncateSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  realpathSync,
  writeSync,
} from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join, resolve } from 'node:path';
import { CodedError } from '@product-updates/errors';
import { DATA_FILE } from './database.ts';

const { tryLock } = createRequire(import.meta.url)('fs-native-extensions') as {
  /** An exclusive lock of the open file, freed by the kernel with the process; false where another one has it. */
  readonly tryLock: (fd: number) => boolean;
};

/** Its lock says which process has the folder open, its text how the folder was left. */
const OWNER_FILE = 'owner.lock';
/** LMDB's own, for processes that share the file. */
const LMDB_LOCK_FILE = `${DATA_FILE}-lock`;
/** As large as LMDB makes it for the readers that it allows. */
const LMDB_LOCK_BYTES = 16_384;

/** A folder that nobody else can open until it is released. */
export interface OwnedFolder {
  /** What the last owner wrote; '' where there was none. */
  readonly text: string;
  /** Replaces the text; on disk when it returns. */
  write(text: string): void;
  release(): void;
}

/** Makes the folder where it is not there, and answers its path without symbolic links. */
export function makeFolder(path: string): string {
  const absolute = resolve(path);
  make(absolute);
  return realpathSync(absolute);
}

/** Not by Node's `recursive`: where a file system has no folders to make, as /proc, that never returns (seen in 20 and 24). */
function make(folder: string): void {
  if (existsSync(folder)) {
    // Says what is wrong where it is no folder.
    readdirSync(folder);
    return;
  }
  const parent = dirname(folder);
  make(parent);
  mkdirSync(folder);
  // A new folder is on disk when the folder that lists it is.
  sync(parent);
}

/** Rejects `misconfigured` where another process has it. */
export function ownFolder(folder: string): OwnedFolder {
  const path = join(folder, OWNER_FILE);
  const fd = openSync(path, 'a+', 0o664);
  try {
    if (!tryLock(fd)) {
      throw new CodedError('misconfigured', `${folder} is open in another process: one process alone can use it`);
    }
    zeroLmdbLock(folder);
    sync(folder);
    return {
      text: readFileSync(path, 'utf8'),
      write(text) {
        ftruncateSync(fd);
        writeSync(fd, text);
        fsyncSync(fd);
      },
      release: () => closeSync(fd),
    };
  } catch (error) {
    closeSync(fd);
    throw error;
  }
}

/**
 * What a killed process or another version left in LMDB's lock file is of no use to anybody. Its blocks are written, not only
 * reserved: LMDB maps it, and on a full disk the first touch of a hole would be a SIGBUS.
 */
function zeroLmdbLock(folder: string): void {
  const fd = openSync(join(folder, LMDB_LOCK_FILE), 'w', 0o664);
  try {
    writeSync(fd, new Uint8Array(LMDB_LOCK_BYTES));
  } finally {
    closeSync(fd);
  }
}

function sync(folder: string): void {
  const fd = openSync(folder, 'r');
  try {
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}
