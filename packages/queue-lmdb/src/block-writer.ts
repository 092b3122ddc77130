import { Buffer } from 'node:buffer';
import { crc32 } from 'node:zlib';
import { CodedError } from '@product-updates/errors';
import {
  noHeaders,
  Undecodable,
  type BodyRoom,
  type Headers,
  type InPlaceCodec,
  type Message,
} from '@product-updates/queue';
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
  /** When the first of its messages was published. */
  readonly publishedMs: number;
}

/** What a message may have at most, in bytes. */
const MAX_KEY = 512;
const MAX_HEADERS = 65_535;
const MAX_BODY = 2 ** 20;

/** How far a writer had come. */
export interface Mark {
  readonly blocks: number;
  /** Of the last of them. */
  readonly end: number;
  readonly count: number;
}

const nothing = new Uint8Array(0);

/** Puts messages into blocks, in order, each in a buffer of its own. */
export class BlockWriter implements BodyRoom {
  readonly #buffers: BlockBuffers;
  readonly #blocks: WrittenBlock[] = [];
  #last: WrittenBlock | undefined;
  #key = '';
  #headers: Uint8Array = nothing;
  #nowMs = 0;

  constructor(buffers: BlockBuffers) {
    this.#buffers = buffers;
  }

  get blocks(): readonly WrittenBlock[] {
    return this.#blocks;
  }

  get mark(): Mark {
    return { blocks: this.#blocks.length, end: this.#last?.end ?? 0, count: this.#last?.count ?? 0 };
  }

  /** Everything after the mark, which was taken here, was never written. */
  rewind({ blocks, end, count }: Mark): void {
    for (const { buffer } of this.#blocks.splice(blocks)) this.#buffers.giveBack(buffer);
    this.#last = this.#blocks.at(-1);
    if (this.#last === undefined) return;
    this.#last.end = end;
    this.#last.count = count;
  }

  /** Throws `invalid` for one that is larger than a block can carry, and what the codec throws: then rewind. */
  append<T>({ key, body, headers }: Message<T | Undecodable>, codec: InPlaceCodec<T>, nowMs: number): void {
    if (body instanceof Undecodable) throw new CodedError('invalid', 'what could not be decoded cannot be published');
    this.#key = key;
    this.#headers = headerBytes(headers);
    this.#nowMs = nowMs;
    codec.write(body, this);
  }

  /** For the codec only: room for the body of the message that is being appended, and its head and key before it. */
  reserve(bodyBytes: number): number {
    const key = this.#key;
    const headers = this.#headers;
    const keyBytes = Buffer.byteLength(key);
    refuseAbove(MAX_KEY, 'key', keyBytes);
    refuseAbove(MAX_HEADERS, 'headers', headers.length);
    refuseAbove(MAX_BODY, 'body', bodyBytes);
    const bytes = MESSAGE_HEAD_BYTES + keyBytes + headers.length + bodyBytes;
    const block = this.#blockFor(bytes);
    const { buffer, end } = block;
    writeMessageHead(buffer, end, keyBytes, headers.length, bodyBytes);
    writeKey(buffer, end + MESSAGE_HEAD_BYTES, key, keyBytes);
    const headersAt = end + MESSAGE_HEAD_BYTES + keyBytes;
    if (headers.length > 0) buffer.set(headers, headersAt);
    block.end += bytes;
    block.count++;
    return headersAt + headers.length;
  }

  /** For the codec only: where `reserve` made room. */
  get bytes(): Uint8Array {
    return (this.#last as WrittenBlock).buffer;
  }

  #blockFor(bytes: number): WrittenBlock {
    const last = this.#last;
    if (last !== undefined && last.count < MAX_BLOCK_MESSAGES && last.end + bytes <= MAX_BLOCK_BYTES) return last;
    const buffer = this.#buffers.take(HEAD_BYTES + bytes);
    const block = { buffer, end: HEAD_BYTES, count: 0, publishedMs: this.#nowMs };
    this.#blocks.push(block);
    this.#last = block;
    return block;
  }
}

function headerBytes(headers: Headers): Uint8Array {
  if (headers === noHeaders || Object.keys(headers).length === 0) return nothing;
  return Buffer.from(JSON.stringify(headers));
}

function refuseAbove(max: number, what: string, bytes: number): void {
  if (bytes <= max) return;
  throw new CodedError('invalid', `the ${what} of a message is ${bytes} bytes, at most ${max} are carried`);
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
