/** How a key of a table becomes bytes whose order is the table's. */
export interface KeyCodec<K> {
  encode(key: K): Uint8Array;
  decode(bytes: Uint8Array): K;
}

/** Most bytes in a key that LMDB takes with pages of 4 KiB. */
const KEY_MAX = 1978;

export const textKeys: KeyCodec<string> = {
  encode(text) {
    const bytes = Buffer.from(text);
    if (bytes.length < 1 || bytes.length > KEY_MAX) {
      throw new RangeError(`a key has 1 to ${KEY_MAX} bytes, not ${bytes.length}`);
    }
    return bytes;
  },
  decode: (bytes) => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString(),
};

/** Eight bytes, the highest first. */
export const numberKeys: KeyCodec<number> = {
  encode(number) {
    if (!Number.isSafeInteger(number) || number < 0) {
      throw new RangeError(`a key is a whole number from 0, not ${number}`);
    }
    const bytes = Buffer.allocUnsafe(8);
    bytes.writeUInt32BE(Math.floor(number / 2 ** 32), 0);
    bytes.writeUInt32BE(number >>> 0, 4);
    return bytes;
  },
  decode(bytes) {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    return view.getUint32(0) * 2 ** 32 + view.getUint32(4);
  },
};
