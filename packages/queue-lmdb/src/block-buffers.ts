/** 16 pages of the file with what LMDB itself needs. A block is larger only when its one message is. */
export const MAX_BLOCK_BYTES: number = 65_536 - 16;

/** At most so many are kept: 8 MiB. */
const MAX_FREE = 128;

/**
 * Buffers of `MAX_BLOCK_BYTES` that are used again and again: what is allocated outside V8's heap for each block counts as
 * garbage there, and made it mark the whole heap several times a second.
 */
export class BlockBuffers {
  readonly #free: Buffer[] = [];

  /** Of the usual size, or as large as asked where that is more. Holds anything. */
  take(bytes: number): Buffer {
    if (bytes > MAX_BLOCK_BYTES) return Buffer.allocUnsafeSlow(bytes);
    return this.#free.pop() ?? Buffer.allocUnsafeSlow(MAX_BLOCK_BYTES);
  }

  /** Nobody looks at it any more. */
  giveBack(buffer: Buffer): void {
    if (buffer.length === MAX_BLOCK_BYTES && this.#free.length < MAX_FREE) this.#free.push(buffer);
  }
}
