/** T ⇄ bytes, for queues that live outside this process. */
export interface Codec<T> {
  encode(value: T): Uint8Array;
  /**
   * Throws (an `undecodable`) on what `encode` of this or an older version cannot have written. The bytes are only lent:
   * what is to be kept of them is copied.
   */
  decode(bytes: Uint8Array): T;
}
