/** T ⇄ bytes, for queues that live outside this process. */
export interface Codec<T> {
  encode(value: T): Uint8Array;
  /**
   * Throws (an `undecodable`) on what `encode` of this or an older version cannot have written. The bytes are only lent:
   * what is to be kept of them is copied.
   */
  decode(bytes: Uint8Array): T;
}

/** Where a body is to lie among others. */
export interface BodyRoom {
  /** Makes room for this many bytes and answers where in `bytes` it begins. Asked once for a body. Throws `invalid` for more than are carried. */
  reserve(length: number): number;
  /** To be looked at after `reserve` only. */
  readonly bytes: Uint8Array;
}

/** A codec that also works within larger bytes, for queues that keep many messages side by side: a body costs no object but itself. */
export interface InPlaceCodec<T> extends Codec<T> {
  /** Writes what `encode` would answer. */
  write(value: T, room: BodyRoom): void;
  /** As `decode` of the bytes from `start` to `end`. `key`: of the message, for a codec whose bodies repeat it. */
  read(bytes: Uint8Array, start: number, end: number, key: string): T;
}

/** The codec itself where it works in place, else one that does so with what it encodes. */
export function inPlace<T>(codec: Codec<T> | InPlaceCodec<T>): InPlaceCodec<T> {
  if ('write' in codec) return codec;
  return {
    encode: (value) => codec.encode(value),
    decode: (bytes) => codec.decode(bytes),
    write(value, room) {
      const bytes = codec.encode(value);
      const at = room.reserve(bytes.length);
      room.bytes.set(bytes, at);
    },
    read: (bytes, start, end) => codec.decode(bytes.subarray(start, end)),
  };
}
