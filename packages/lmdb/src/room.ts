import { closeSync, fstatSync, openSync, writeSync } from 'node:fs';

/** At least this much is taken at once. */
const STEP_BYTES = 2 ** 20;
const zeros = new Uint8Array(STEP_BYTES);

/**
 * Room in the file behind what LMDB has used of it, taken from the disk before LMDB writes there: lmdb-js 3.5.6 writes its message
 * about a failed write of a page past the end of a buffer, and may take the process with it. So a disk is full here, where it can
 * be told. A file system that writes elsewhere what is overwritten (btrfs, zfs) can still be full there.
 */
export class Room {
  readonly #fd: number;
  /** Bytes behind the last page, as far as is known. */
  #ahead = 0;

  constructor(path: string) {
    this.#fd = openSync(path, 'r+');
  }

  /** Throws ENOSPC, or what else the file system says. `usedBytes` is asked only where what is known does not suffice. */
  take(bytes: number, usedBytes: () => number): void {
    if (this.#ahead >= bytes) return;
    const { size } = fstatSync(this.#fd);
    const used = usedBytes();
    this.#ahead = size - used;
    if (this.#ahead >= bytes) return;
    this.#extend(size, used + Math.max(bytes, STEP_BYTES));
    this.#ahead = Math.max(bytes, STEP_BYTES);
  }

  /** LMDB may have used this much of it. */
  spend(bytes: number): void {
    this.#ahead -= bytes;
  }

  close(): void {
    closeSync(this.#fd);
  }

  #extend(from: number, to: number): void {
    for (let at = from; at < to;) at += writeSync(this.#fd, zeros, 0, Math.min(zeros.length, to - at), at);
  }
}
