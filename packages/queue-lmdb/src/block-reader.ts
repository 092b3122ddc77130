import { crc32 } from 'node:zlib';
import { noHeaders, type Headers, type Message } from '@product-updates/queue';
import { HEAD_BYTES, MESSAGE_HEAD_BYTES } from './block-writer.ts';

/**
 * Reads the messages of a block in order. A block that does not match its checksum is `damaged`: as far as its frames
 * still stand one behind the other it yields what is in them, else all of its bytes as one body without a key; its reader
 * must not trust any of it.
 */
export class BlockReader {
  readonly count: number;
  /** `null` where the block is damaged. */
  readonly publishedMs: number | null;
  readonly damaged: boolean;
  readonly #bytes: Buffer;
  readonly #framed: boolean;
  #at = HEAD_BYTES;

  constructor(bytes: Uint8Array) {
    const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#bytes = buffer;
    this.damaged = buffer.length < HEAD_BYTES || crc32(buffer.subarray(4)) !== buffer.readUInt32LE(0);
    this.#framed = !this.damaged || isFramed(buffer);
    this.count = this.#framed ? buffer.readUInt32LE(4) : 1;
    this.publishedMs = this.damaged ? null : buffer.readDoubleLE(8);
  }

  /** The next message; its body is a part of the block's bytes. At most `count` times, together with `skip`. */
  next(): Message<Buffer> {
    const bytes = this.#bytes;
    if (!this.#framed) return { key: '', body: bytes, headers: noHeaders };
    const keyAt = this.#at + MESSAGE_HEAD_BYTES;
    const headersAt = keyAt + bytes.readUInt16LE(this.#at);
    const bodyAt = headersAt + bytes.readUInt16LE(this.#at + 2);
    this.#at = bodyAt + bytes.readUInt32LE(this.#at + 4);
    return {
      key: bytes.toString('utf8', keyAt, headersAt),
      body: bytes.subarray(bodyAt, this.#at),
      headers: bodyAt === headersAt || this.damaged ? noHeaders : headersIn(bytes.toString('utf8', headersAt, bodyAt)),
    };
  }

  skip(): void {
    if (this.#framed) this.#at += sizeAt(this.#bytes, this.#at);
  }
}

function headersIn(text: string): Headers {
  return JSON.parse(text) as Headers;
}

function sizeAt(bytes: Buffer, at: number): number {
  return MESSAGE_HEAD_BYTES + bytes.readUInt16LE(at) + bytes.readUInt16LE(at + 2) + bytes.readUInt32LE(at + 4);
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
