import { CodedError } from '@product-updates/errors';
import { type InPlaceCodec, Undecodable } from '@product-updates/queue';
import type { BlockReader } from './block-reader.ts';
import { Entry, type MessageSource } from './live-block.ts';

/** Decoded one by one, when it is their turn. Of a damaged block none is: whatever it yields is undecodable. */
export function decodedMessages<T>(
  reader: BlockReader,
  codec: InPlaceCodec<T>,
  release: () => void = () => {},
): MessageSource<T> {
  return {
    next(attempt, block, index) {
      reader.next();
      const body = reader.damaged ? damagedBody(reader) : bodyIn(reader, codec);
      return new Entry(reader.key, body, reader.headers, attempt, block, index);
    },
    skip: () => reader.skip(),
    release,
  };
}

function bodyIn<T>({ bytes, bodyStart, bodyEnd, key }: BlockReader, codec: InPlaceCodec<T>): T | Undecodable {
  try {
    return codec.read(bytes, bodyStart, bodyEnd, key);
  } catch (error) {
    return new Undecodable(Uint8Array.from(bytes.subarray(bodyStart, bodyEnd)), error);
  }
}

/** A copy: what is kept as a dead letter shall not keep the whole block. */
function damagedBody({ bytes, bodyStart, bodyEnd }: BlockReader): Undecodable {
  const error = new CodedError('undecodable', "the queue's file is damaged: the block does not match its checksum");
  return new Undecodable(Uint8Array.from(bytes.subarray(bodyStart, bodyEnd)), error);
}
