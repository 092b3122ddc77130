import { CodedError } from '@product-updates/errors';

/** How a key of a table becomes bytes whose order is the table's. */
export interface KeyCodec<K> {
  /** Throws `invalid` for a key that cannot be put. */
  encode(key: K): Uint8Array;
  /** Undefined where no key can be equal. */
  find(key: K): Uint8Array | undefined;
  /** Larger than no key that is larger than this; undefined where every key is. */
  after(key: K): Uint8Array | undefined;
  decode(bytes: Uint8Array): K;
}

/** Most bytes in a key that LMDB takes with pages of 4 KiB. */
const KEY_MAX = 1978;

const fits = (bytes: Uint8Array): boolean => bytes.length > 0 && bytes.length <= KEY_MAX;

export const textKeys: KeyCodec<string> = {
  encode(text) {
    const bytes = Buffer.from(text);
    if (fits(bytes)) return bytes;
    throw new CodedError('invalid', `a key has 1 to ${KEY_MAX} bytes, not ${bytes.length}`);
  },
  find(text) {
    const bytes = Buffer.from(text);
    return fits(bytes) ? bytes : undefined;
  },
  after: (text) => (text === '' ? undefined : Buffer.from(text).subarray(0, KEY_MAX)),
  decode: (bytes) => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString(),
};

/** Eight bytes, the highest first. */
export const numberKeys: KeyCodec<number> = {
  encode(number) {
    if (!Number.isSafeInteger(number) || number < 0) {
      throw new CodedError('invalid', `a key is a whole number from 0, not ${number}`);
    }
    const bytes = Buffer.allocUnsafe(8);
    bytes.writeUInt32BE(Math.floor(number / 2 ** 32), 0);
    bytes.writeUInt32BE(number >>> 0, 4);
    return bytes;
  },
  find: (number) => numberKeys.encode(number),
  after: (number) => numberKeys.encode(number),
  decode(bytes) {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    return view.getUint32(0) * 2 ** 32 + view.getUint32(4);
  },
};
