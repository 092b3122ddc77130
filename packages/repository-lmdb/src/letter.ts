import { CodedError } from '@product-updates/errors';
import type { DeadLetter } from '@product-updates/repository';

/** JSON of the letter without its bytes, which stand behind it: the first four bytes are the length of the JSON. */
const LENGTH_BYTES = 4;

export function encodeLetter(letter: DeadLetter): Uint8Array {
  const { bytes, ...rest } = letter;
  const json = Buffer.from(JSON.stringify({ ...rest, hasBytes: bytes !== null }));
  const encoded = Buffer.alloc(LENGTH_BYTES + json.length + (bytes?.length ?? 0));
  encoded.writeUInt32LE(json.length);
  encoded.set(json, LENGTH_BYTES);
  if (bytes !== null) encoded.set(bytes, LENGTH_BYTES + json.length);
  return encoded;
}

/** Throws `misconfigured` for what no letter was written as. */
export function decodeLetter(encoded: Uint8Array): DeadLetter {
  try {
    const bytes = Buffer.from(encoded.buffer, encoded.byteOffset, encoded.byteLength);
    const end = LENGTH_BYTES + bytes.readUInt32LE();
    const { hasBytes, ...rest } = JSON.parse(bytes.toString('utf8', LENGTH_BYTES, end)) as Stored;
    return { ...rest, bytes: hasBytes ? new Uint8Array(bytes.subarray(end)) : null };
  } catch (error) {
    throw new CodedError('misconfigured', 'a dead letter cannot be read: the store is damaged, restore a backup', {
      cause: error,
    });
  }
}

type Stored = Omit<DeadLetter, 'bytes'> & { readonly hasBytes: boolean };
