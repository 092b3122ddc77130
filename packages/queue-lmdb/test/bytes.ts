import {
  noHeaders,
  systemClock,
  type Codec,
  type Delivery,
  type Message,
  type OpenedQueue,
} from '@product-updates/queue';
import { openLmdbQueue } from '../src/index.ts';

/** Bytes as they are. */
export const bytesCodec: Codec<Uint8Array> = { encode: (bytes) => bytes, decode: (bytes) => bytes };

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

/** Messages whose bodies are these texts. */
export function messagesOf(...texts: readonly string[]): readonly Message<Uint8Array>[] {
  return texts.map((text) => ({ key: text, body: Buffer.from(text), headers: noHeaders }));
}

export function textsOf(deliveries: readonly Delivery<Uint8Array>[]): readonly string[] {
  return deliveries.map(({ body }) => Buffer.from(body).toString());
}
