import { Buffer } from 'node:buffer';
import { CodedError } from '@product-updates/errors';
import { noHeaders, Undecodable, type Codec, type Headers, type Message } from '@product-updates/queue';
import type { Prepared } from './publishes.ts';

/** What a message may have at most, in bytes. */
const MAX_KEY = 512;
const MAX_HEADERS = 65_535;
const MAX_BODY = 2 ** 20;

const nothing = new Uint8Array(0);

/** All of them or none: throws `invalid` for one that is larger than a block can carry, and what `encode` throws. */
export function prepareAll<T>(messages: readonly Message<T | Undecodable>[], codec: Codec<T>): Prepared[] {
  return messages.map((message) => prepare(message, codec));
}

function prepare<T>({ key, body, headers }: Message<T | Undecodable>, codec: Codec<T>): Prepared {
  if (body instanceof Undecodable) throw new CodedError('invalid', 'what could not be decoded cannot be published');
  const prepared = { keyBytes: Buffer.byteLength(key), headers: headerBytes(headers), body: codec.encode(body) };
  refuseAbove(MAX_KEY, 'key', prepared.keyBytes);
  refuseAbove(MAX_HEADERS, 'headers', prepared.headers.length);
  refuseAbove(MAX_BODY, 'body', prepared.body.length);
  return prepared;
}

function headerBytes(headers: Headers): Uint8Array {
  if (headers === noHeaders || Object.keys(headers).length === 0) return nothing;
  return Buffer.from(JSON.stringify(headers));
}

function refuseAbove(max: number, what: string, bytes: number): void {
  if (bytes <= max) return;
  throw new CodedError('invalid', `the ${what} of a message is ${bytes} bytes, at most ${max} are carried`);
}
