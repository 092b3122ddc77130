import { crc32 } from 'node:zlib';

/**
 * The bytes of a block: everything little-endian.
 *
 *     0   u32  CRC-32 of all that follows
 *     4   u32  how many messages
 *     8   f64  when the first of them was published, in ms since the epoch
 *     16  messages, each: u16 bytes of the key, u16 bytes of the headers, u32 bytes of the body; key (UTF-8), headers
 *         (JSON, nothing where there are none), body
 */
export const HEAD_BYTES = 16;
export const MESSAGE_HEAD_BYTES = 8;
/** 16 pages of the file with what LMDB itself needs. A block is larger only when its one message is. */
const MAX_BLOCK_BYTES = 65_536 - 16;
/** So that the record of what is settled stays small. */
const MAX_BLOCK_MESSAGES = 1024;

const FIRST_BYTES = 16_384;
/** A buffer that once had to be larger than this is not kept. */
const KEPT_BYTES = 2 ** 20;

/** One block among the bytes of a writer. */
export interface WrittenBlock {
  readonly start: number;
  end: number;
  count: number;
  readonly publishedMs: number;
}

/**
 * Puts messages into blocks, in order, in one buffer that is used again. The bytes of its blocks stay as they are until
 * `clear`: whoever hands them to a thread that reads them clears when that is done.
 */
export class BlockWriter {
  #buffer = Buffer.allocUnsafeSlow(FIRST_BYTES);
  #end = 0;
  #blocks: WrittenBlock[] = [];

  get blocks(): readonly WrittenBlock[] {
    return this.#blocks;
  }

  get bytes(): number {
    return this.#end;
  }

  /** `keyBytes`: of its UTF-8. `headers`: JSON or nothing. Answers the block it went to. */
  append(key: string, keyBytes: number, headers: Uint8Array, body: Uint8Array, nowMs: number): WrittenBlock {
    const bytes = MESSAGE_HEAD_BYTES + keyBytes + headers.length + body.length;
    const block = this.#blockFor(bytes, nowMs);
    const buffer = this.#roomFor(bytes);
    let at = this.#end;
    writeMessageHead(buffer, at, keyBytes, headers.length, body.length);
    at += MESSAGE_HEAD_BYTES;
    writeKey(buffer, at, key, keyBytes);
    at += keyBytes;
    if (headers.length > 0) buffer.set(headers, at);
    buffer.set(body, at + headers.length);
    this.#end += bytes;
    block.end = this.#end;
    block.count++;
    return block;
  }

  /** The finished bytes of a block, its head written. */
  seal({ start, end, count, publishedMs }: WrittenBlock): Uint8Array {
    const bytes = this.#buffer.subarray(start, end);
    bytes.writeUInt32LE(count, 4);
    bytes.writeDoubleLE(publishedMs, 8);
    bytes.writeUInt32LE(crc32(bytes.subarray(4)), 0);
    return bytes;
  }

  clear(): void {
    this.#end = 0;
    this.#blocks = [];
    if (this.#buffer.length > KEPT_BYTES) this.#buffer = Buffer.allocUnsafeSlow(FIRST_BYTES);
  }

  #blockFor(bytes: number, nowMs: number): WrittenBlock {
    const last = this.#blocks.at(-1);
    if (last !== undefined && last.count < MAX_BLOCK_MESSAGES && last.end - last.start + bytes <= MAX_BLOCK_BYTES) {
      return last;
    }
    this.#roomFor(HEAD_BYTES);
    const block = { start: this.#end, end: this.#end + HEAD_BYTES, count: 0, publishedMs: nowMs };
    this.#end = block.end;
    this.#blocks.push(block);
    return block;
  }

  #roomFor(bytes: number): Buffer {
    if (this.#end + bytes <= this.#buffer.length) return this.#buffer;
    const larger = Buffer.allocUnsafeSlow(Math.max(this.#buffer.length * 2, this.#end + bytes));
    this.#buffer.copy(larger, 0, 0, this.#end);
    this.#buffer = larger;
    return larger;
  }
}

/** Byte by byte: `writeUInt16LE` and its like check their arguments, which took longer than all the rest of `append`. */
function writeMessageHead(bytes: Uint8Array, at: number, key: number, headers: number, body: number): void {
  bytes[at] = key;
  bytes[at + 1] = key >>> 8;
  bytes[at + 2] = headers;
  bytes[at + 3] = headers >>> 8;
  bytes[at + 4] = body;
  bytes[at + 5] = body >>> 8;
  bytes[at + 6] = body >>> 16;
  bytes[at + 7] = body >>> 24;
}

/** Where the key has as many bytes as units it is ASCII, and short: a loop is then faster than a call into native code. */
function writeKey(buffer: Buffer, at: number, key: string, keyBytes: number): void {
  if (keyBytes > 64 || key.length !== keyBytes) buffer.write(key, at, keyBytes, 'utf8');
  else for (let i = 0; i < keyBytes; i++) buffer[at + i] = key.charCodeAt(i);
}
