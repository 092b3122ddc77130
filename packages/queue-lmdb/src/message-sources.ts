import { CodedError } from '@product-updates/errors';
import { type Codec, type Message, Undecodable } from '@product-updates/queue';
import type { BlockReader } from './block-reader.ts';
import type { MessageSource } from './live-block.ts';

/** What was published a moment ago and is on disk since: handed out as it came in, with no way through the file. */
export function publishedMessages<T>(messages: readonly Message<T>[]): MessageSource<T> {
  let at = 0;
  return {
    next: () => messages[at++] as Message<T>,
    skip() {
      at++;
    },
  };
}

/** Decoded one by one, when it is their turn. Of a damaged block none is: whatever it yields is undecodable. */
export function decodedMessages<T>(reader: BlockReader, codec: Codec<T>): MessageSource<T> {
  return {
    next() {
      const { key, body, headers } = reader.next();
      return { key, body: reader.damaged ? damagedBody(body) : bodyIn(body, codec), headers };
    },
    skip: () => reader.skip(),
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
