import {
  inPlace,
  noHeaders,
  systemClock,
  type Codec,
  type Delivery,
  type Message,
  type OpenedQueue,
} from '@product-updates/queue';
import { BlockBuffers } from '../src/block-buffers.ts';
import { BlockWriter, seal } from '../src/block-writer.ts';
import { openLmdbQueue } from '../src/index.ts';

/** Bytes as they are. */
export const bytesCodec: Codec<Uint8Array> = { encode: (bytes) => bytes, decode: (bytes) => Uint8Array.from(bytes) };

/** Little of what waits is kept in memory unless told, so that the file is read. */
export function urlOf(folder: string, options: Readonly<Record<string, number>> = {}): URL {
  const query = new URLSearchParams(
    Object.entries({ memoryBytes: 2 ** 21, ...options }).map(([name, value]): [string, string] => [name, `${value}`]),
  );
  return new URL(`lmdb:${folder}?${query.toString()}`);
}

/** No body can be undecodable for the codec; one from a damaged block is handed on as it is. */
export async function openBytes(url: URL): Promise<OpenedQueue<Uint8Array>> {
  const opened = await openLmdbQueue(url, { codec: bytesCodec, clock: systemClock });
  return opened as unknown as OpenedQueue<Uint8Array>;
}

/** A block with these bodies, as a queue writes it. */
const codec = inPlace(bytesCodec);

export function blockOf(...texts: readonly string[]): Uint8Array {
  const writer = new BlockWriter(new BlockBuffers());
  for (const text of texts) writer.append({ key: 'key', body: Buffer.from(text), headers: noHeaders }, codec, 1);
  return seal(writer.blocks[0]!);
}

/** Messages whose bodies are these texts. */
export function messagesOf(...texts: readonly string[]): readonly Message<Uint8Array>[] {
  return texts.map((text) => ({ key: text, body: Buffer.from(text), headers: noHeaders }));
}

export function textsOf(deliveries: readonly Delivery<Uint8Array>[]): readonly string[] {
  return deliveries.map(({ body }) => Buffer.from(body).toString());
}
