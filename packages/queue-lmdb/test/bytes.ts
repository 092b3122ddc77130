import type { Codec, OpenedQueue } from '@product-updates/queue';
import { systemClock } from '@product-updates/queue';
import { openLmdbQueue } from '../src/index.ts';

/** Bytes as they are. */
export const bytesCodec: Codec<Uint8Array> = { encode: (bytes) => bytes, decode: (bytes) => bytes };

export function urlOf(folder: string, options: Readonly<Record<string, number>> = {}): URL {
  const query = new URLSearchParams(
    Object.entries(options).map(([name, value]): [string, string] => [name, `${value}`]),
  );
  return new URL(`lmdb:${folder}?${query.toString()}`);
}

/** No body can be undecodable for the codec; one from a damaged block is handed on as it is. */
export async function openBytes(url: URL): Promise<OpenedQueue<Uint8Array>> {
  const opened = await openLmdbQueue(url, { codec: bytesCodec, clock: systemClock });
  return opened as unknown as OpenedQueue<Uint8Array>;
}
