import { CodedError } from '@product-updates/errors';
import { type Codec, Undecodable } from '@product-updates/queue';
import type { BlockReader } from './block-reader.ts';
import type { MessageSource } from './live-block.ts';

/** Decoded one by one, when it is their turn. Of a damaged block none is: whatever it yields is undecodable. */
export function decodedMessages<T>(
  reader: BlockReader,
  codec: Codec<T>,
  release: () => void = () => {},
): MessageSource<T> {
  return {
    next() {
      const { key, body, headers } = reader.next();
      return { key, body: reader.damaged ? damagedBody(body) : bodyIn(body, codec), headers };
    },
    skip: () => reader.skip(),
    release,
  };
}

function bodyIn<T>(bytes: Uint8Array, codec: Codec<T>): T | Undecodable {
  try {
    return codec.decode(bytes);
  } catch (error) {
    return new Undecodable(Uint8Array.from(bytes), error);
  }
}

/** A copy: what is kept as a dead letter shall not keep the whole block. */
function damagedBody(bytes: Uint8Array): Undecodable {
  const error = new CodedError('undecodable', "the queue's file is damaged: the block does not match its checksum");
  return new Undecodable(Uint8Array.from(bytes), error);
}
