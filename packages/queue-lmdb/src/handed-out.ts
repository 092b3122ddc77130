import { closeSync, constants, openSync, readSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';

/** How far messages were handed out: up to this one of this block. */
export interface Mark {
  /** Which life of the process it was: its number stands in the file of the messages too. */
  readonly life: number;
  readonly block: number;
  readonly index: number;
}

const BYTES = 28;

/**
 * A small file beside the messages that says how far they were handed out in this life. It is written at every receive and
 * never synced: it outlives the process, however that ends, and may be lost with the power, which only makes `attempt`
 * smaller than it was.
 */
export class HandedOut {
  /** Of the life before, where that left one that can be read. */
  readonly last: Mark | undefined;
  readonly #file: number | undefined;
  readonly #bytes = Buffer.alloc(BYTES);

  /** Opens it in the folder. That it cannot be opened is no reason to deliver nothing: attempts are then counted too low. */
  constructor(folder: string) {
    try {
      this.#file = openSync(join(folder, 'handed-out'), constants.O_RDWR | constants.O_CREAT, 0o664);
      this.last = readSync(this.#file, this.#bytes, 0, BYTES, 0) === BYTES ? markIn(this.#bytes) : undefined;
    } catch {
      this.last = undefined;
    }
  }

  reach({ life, block, index }: Mark): void {
    if (this.#file === undefined) return;
    const bytes = this.#bytes;
    bytes.writeDoubleLE(life, 4);
    bytes.writeDoubleLE(block, 12);
    bytes.writeDoubleLE(index, 20);
    bytes.writeUInt32LE(crc32(bytes.subarray(4)), 0);
    try {
      writeSync(this.#file, bytes, 0, BYTES, 0);
    } catch {
      // As with one that cannot be opened.
    }
  }

  /** Whoever ends in peace leaves no mark. Once. */
  close(): void {
    this.reach({ life: -1, block: 0, index: 0 });
    if (this.#file !== undefined) closeSync(this.#file);
  }
}

function markIn(bytes: Buffer): Mark | undefined {
  if (crc32(bytes.subarray(4)) !== bytes.readUInt32LE(0)) return undefined;
  return { life: bytes.readDoubleLE(4), block: bytes.readDoubleLE(12), index: bytes.readDoubleLE(20) };
}
