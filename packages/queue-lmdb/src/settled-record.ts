import { crc32 } from 'node:zlib';

const HEAD_BYTES = 8;

/**
 * What the file knows of the messages of one block besides themselves: which are settled, and how often each was handed
 * out in lives of the process that ended without a goodbye. Its bytes, little-endian:
 *
 *     0  u32  CRC-32 of all that follows
 *     4  u32  how many messages the block has
 *     8  a bit for each message: settled; then, where any was handed out, a byte for each: how often
 */
export class SettledRecord {
  readonly #count: number;
  readonly #bits: Uint8Array;
  #crashes: Uint8Array | undefined;

  /** Of a block of `count` messages: nothing settled, nothing handed out. */
  constructor(count: number) {
    this.#count = count;
    this.#bits = new Uint8Array((count + 7) >> 3);
  }

  /**
   * `undefined` for bytes that are damaged or of another block: taken for nothing settled, for a message that comes again
   * is harmless and one that is skipped is lost.
   */
  static read(bytes: Uint8Array, count: number): SettledRecord | undefined {
    const record = new SettledRecord(count);
    const bitsEnd = HEAD_BYTES + record.#bits.length;
    if (bytes.length !== bitsEnd && bytes.length !== bitsEnd + count) return undefined;
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    if (crc32(bytes.subarray(4)) !== view.getUint32(0, true) || view.getUint32(4, true) !== count) return undefined;
    record.#bits.set(bytes.subarray(HEAD_BYTES, bitsEnd));
    if (bytes.length > bitsEnd) record.#crashes = bytes.slice(bitsEnd);
    return record;
  }

  bytes(): Uint8Array {
    const bitsEnd = HEAD_BYTES + this.#bits.length;
    const bytes = new Uint8Array(bitsEnd + (this.#crashes?.length ?? 0));
    const view = new DataView(bytes.buffer);
    view.setUint32(4, this.#count, true);
    bytes.set(this.#bits, HEAD_BYTES);
    if (this.#crashes !== undefined) bytes.set(this.#crashes, bitsEnd);
    view.setUint32(0, crc32(bytes.subarray(4)), true);
    return bytes;
  }

  isSettled(index: number): boolean {
    return (((this.#bits[index >> 3] as number) >> (index & 7)) & 1) === 1;
  }

  settle(index: number): void {
    this.#bits[index >> 3] = (this.#bits[index >> 3] as number) | (1 << (index & 7));
  }

  unsettle(index: number): void {
    this.#bits[index >> 3] = (this.#bits[index >> 3] as number) & ~(1 << (index & 7));
  }

  /** How many are settled. */
  get settled(): number {
    let settled = 0;
    for (let index = 0; index < this.#count; index++) if (this.isSettled(index)) settled++;
    return settled;
  }

  /** How often the process died on the message, at most 255 times. */
  crashes(index: number): number {
    return this.#crashes?.[index] ?? 0;
  }

  /** Those that are not settled, up to `last`, were handed out in a life that was cut short. Answers whether there is any. */
  countCrash(last: number): boolean {
    let counted = false;
    for (let index = 0; index <= last && index < this.#count; index++) {
      if (this.isSettled(index)) continue;
      this.#crashes ??= new Uint8Array(this.#count);
      this.#crashes[index] = Math.min((this.#crashes[index] as number) + 1, 255);
      counted = true;
    }
    return counted;
  }
}
