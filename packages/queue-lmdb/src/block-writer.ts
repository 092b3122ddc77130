import { crc32 } from 'node:zlib';
import { MAX_BLOCK_BYTES, type BlockBuffers } from './block-buffers.ts';

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
/** So that the record of what is settled stays small. */
const MAX_BLOCK_MESSAGES = 1024;

/** A block that is being written. */
export interface WrittenBlock {
  readonly buffer: Buffer;
  end: number;
  count: number;
  readonly publishedMs: number;
}

/** Puts messages into blocks, in order, each in a buffer of its own. */
export class BlockWriter {
  readonly #buffers: BlockBuffers;
  readonly #blocks: WrittenBlock[] = [];
  #last: WrittenBlock | undefined;

  constructor(buffers: BlockBuffers) {
    this.#buffers = buffers;
  }

  get blocks(): readonly WrittenBlock[] {
    return this.#blocks;
  }

  /** `keyBytes`: of its UTF-8. `headers`: JSON or nothing. */
  append(key: string, keyBytes: number, headers: Uint8Array, body: Uint8Array, nowMs: number): void {
    const bytes = MESSAGE_HEAD_BYTES + keyBytes + headers.length + body.length;
    const block = this.#blockFor(bytes, nowMs);
    const { buffer } = block;
    let at = block.end;
    writeMessageHead(buffer, at, keyBytes, headers.length, body.length);
    at += MESSAGE_HEAD_BYTES;
    writeKey(buffer, at, key, keyBytes);
    at += keyBytes;
    if (headers.length > 0) buffer.set(headers, at);
    buffer.set(body, at + headers.length);
    block.end += bytes;
    block.count++;
  }

  #blockFor(bytes: number, nowMs: number): WrittenBlock {
    const last = this.#last;
    if (last !== undefined && last.count < MAX_BLOCK_MESSAGES && last.end + bytes <= MAX_BLOCK_BYTES) return last;
    const buffer = this.#buffers.take(HEAD_BYTES + bytes);
    const block = { buffer, end: HEAD_BYTES, count: 0, publishedMs: nowMs };
    this.#blocks.push(block);
    this.#last = block;
    return block;
  }
}

/** The finished bytes of a block, its head written. */
export function seal({ buffer, end, count, publishedMs }: WrittenBlock): Buffer {
  const bytes = buffer.subarray(0, end);
  bytes.writeUInt32LE(count, 4);
  bytes.writeDoubleLE(publishedMs, 8);
  bytes.writeUInt32LE(crc32(bytes.subarray(4)), 0);
  return bytes;
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
