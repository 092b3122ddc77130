import { crc32 } from 'node:zlib';
import type { ProductRecord } from '@product-updates/domain';
import { CodedError } from '@product-updates/errors';
import type { Table } from '@product-updates/lmdb';
import { readRecord, RECORD_BYTES, writeRecord } from './record.ts';

/** The checksum of all that follows. */
const HEAD_BYTES = 4;
/** How long the id is, before the id and the record. */
const ID_BYTES = 2;
const FIRST_BYTES = 2 ** 16;
/** A larger buffer than this is not kept for the next block. */
const KEPT_BYTES = 2 ** 20;

/** The blocks from `first` up to `end`, which is not one of them. */
export interface Blocks {
  readonly first: number;
  readonly end: number;
}

/**
 * Records in the order in which they were written, a block for each commit: however far apart the products lie in their table,
 * here they lie side by side.
 */
export class Journal {
  readonly #table: Table<number>;
  #buffer = Buffer.allocUnsafeSlow(FIRST_BYTES);

  constructor(table: Table<number>) {
    this.#table = table;
  }

  /** Every record, the oldest first. Answers the blocks that it lies in. Throws `misconfigured` where one is damaged. */
  read(each: (record: ProductRecord) => void): Blocks {
    let first: number | undefined;
    let end = 0;
    for (const [key, bytes] of this.#table.entries()) {
      readBlock(bytes, each);
      first ??= key;
      end = key + 1;
    }
    return { first: first ?? end, end };
  }

  /** Only within a write, and not before the one with the block before is over. Answers the size of the block. */
  put(key: number, records: readonly ProductRecord[]): number {
    const block = this.#blockOf(records);
    this.#table.put(key, block);
    return block.length;
  }

  /** Only within a write. */
  remove(key: number): void {
    this.#table.remove(key);
  }

  #blockOf(records: readonly ProductRecord[]): Uint8Array {
    const buffer = this.#bufferFor(records);
    const view = new DataView(buffer.buffer, buffer.byteOffset, buffer.byteLength);
    let at = HEAD_BYTES;
    for (const record of records) {
      const idBytes = writeId(buffer, at + ID_BYTES, record.product_id);
      view.setUint16(at, idBytes, true);
      at += ID_BYTES + idBytes;
      writeRecord(view, at, record);
      at += RECORD_BYTES;
    }
    view.setUint32(0, crc32(buffer.subarray(HEAD_BYTES, at)), true);
    return buffer.subarray(0, at);
  }

  #bufferFor(records: readonly ProductRecord[]): Buffer {
    let bytes = HEAD_BYTES;
    // A unit of UTF-16 has at most three bytes in UTF-8.
    for (const { product_id } of records) bytes += ID_BYTES + 3 * product_id.length + RECORD_BYTES;
    if (bytes <= this.#buffer.length) return this.#buffer;
    const larger = Buffer.allocUnsafeSlow(Math.max(bytes, 2 * this.#buffer.length));
    if (larger.length <= KEPT_BYTES) this.#buffer = larger;
    return larger;
  }
}

/** Answers how many bytes it has. Most ids are short and ASCII: a loop is then faster than a call into native code. */
function writeId(buffer: Buffer, at: number, id: string): number {
  if (id.length > 64) return buffer.write(id, at, 'utf8');
  for (let i = 0; i < id.length; i++) {
    const unit = id.charCodeAt(i);
    if (unit > 127) return buffer.write(id, at, 'utf8');
    buffer[at + i] = unit;
  }
  return id.length;
}

function readBlock(bytes: Uint8Array, each: (record: ProductRecord) => void): void {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (buffer.length < HEAD_BYTES || crc32(buffer.subarray(HEAD_BYTES)) !== buffer.readUInt32LE(0)) {
    throw new CodedError('misconfigured', "the store's journal is damaged: restore a backup");
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (let at = HEAD_BYTES; at < buffer.length;) {
    const idAt = at + ID_BYTES;
    const recordAt = idAt + view.getUint16(at, true);
    each(readRecord(buffer.toString('utf8', idAt, recordAt), view, recordAt));
    at = recordAt + RECORD_BYTES;
  }
}
