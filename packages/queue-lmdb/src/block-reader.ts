import { crc32 } from 'node:zlib';
import { noHeaders, type Headers } from '@product-updates/queue';
import { HEAD_BYTES, MESSAGE_HEAD_BYTES } from './block-writer.ts';
import type { KeyTexts } from './key-texts.ts';

/**
 * Reads the messages of a block in order. A block that does not match its checksum is `damaged`: as far as its frames
 * still stand one behind the other it reads what is in them, else all of its bytes as one body without a key; nobody may
 * trust any of it.
 */
export class BlockReader {
  readonly count: number;
  /** `null` where the block is damaged. */
  readonly publishedMs: number | null;
  readonly damaged: boolean;
  readonly bytes: Buffer;
  /** Of the message that was read last, with where its body stands in `bytes`. */
  key = '';
  headers: Headers = noHeaders;
  bodyStart = 0;
  bodyEnd = 0;
  readonly #keys: KeyTexts | undefined;
  readonly #framed: boolean;
  #at = HEAD_BYTES;

  /** `keys`: of a queue, where keys come again. */
  constructor(bytes: Uint8Array, keys?: KeyTexts) {
    const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.bytes = buffer;
    this.#keys = keys;
    this.damaged = buffer.length < HEAD_BYTES || crc32(buffer.subarray(4)) !== buffer.readUInt32LE(0);
    this.#framed = !this.damaged || isFramed(buffer);
    this.count = this.#framed ? buffer.readUInt32LE(4) : 1;
    this.publishedMs = this.damaged ? null : buffer.readDoubleLE(8);
  }

  /** Reads the next message. At most `count` times, together with `skip`. */
  next(): void {
    const { bytes } = this;
    if (!this.#framed) {
      this.bodyEnd = bytes.length;
      return;
    }
    const at = this.#at;
    const keyAt = at + MESSAGE_HEAD_BYTES;
    const headersAt = keyAt + u16(bytes, at);
    this.bodyStart = headersAt + u16(bytes, at + 2);
    this.bodyEnd = this.#at = this.bodyStart + u32(bytes, at + 4);
    this.key = this.#keys?.textOf(bytes, keyAt, headersAt) ?? bytes.toString('utf8', keyAt, headersAt);
    const hasHeaders = this.bodyStart > headersAt && !this.damaged;
    this.headers = hasHeaders ? headersIn(bytes.toString('utf8', headersAt, this.bodyStart)) : noHeaders;
  }

  skip(): void {
    if (this.#framed) this.#at += sizeAt(this.bytes, this.#at);
  }
}

function headersIn(text: string): Headers {
  return JSON.parse(text) as Headers;
}

function sizeAt(bytes: Buffer, at: number): number {
  return MESSAGE_HEAD_BYTES + u16(bytes, at) + u16(bytes, at + 2) + u32(bytes, at + 4);
}

/** As `readUInt16LE`, without its checks. */
function u16(bytes: Buffer, at: number): number {
  return (bytes[at] as number) | ((bytes[at + 1] as number) << 8);
}

function u32(bytes: Buffer, at: number): number {
  return (u16(bytes, at) | (u16(bytes, at + 2) << 16)) >>> 0;
}

/** Whether the frames end exactly where the bytes do, as many as the head says, at least one. */
function isFramed(bytes: Buffer): boolean {
  let count = 0;
  let at = HEAD_BYTES;
  while (at + MESSAGE_HEAD_BYTES <= bytes.length) {
    at += sizeAt(bytes, at);
    count++;
  }
  return count > 0 && at === bytes.length && bytes.readUInt32LE(4) === count;
}
