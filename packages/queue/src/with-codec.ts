import { CodedError } from '@product-updates/errors';

import type { Abortable } from './abort.ts';
import type { Codec } from './codec.ts';
import type { Delivery, Message, Queue, QueueStats } from './queue.ts';

/** What came in but is nothing a producer of ours wrote. It is delivered like any other, so that somebody decides. */
export class Undecodable {
  readonly bytes: Uint8Array;
  readonly error: unknown;

  constructor(bytes: Uint8Array, error: unknown) {
    this.bytes = bytes;
    this.error = error;
  }
}

/**
 * A queue of values over a queue of bytes. All of a publish is encoded before any of it goes out. Whatever `decode`
 * throws becomes an `Undecodable`; publishing one is `invalid`. Disposing it disposes the queue below.
 */
export function withCodec<T>(queue: Queue<Uint8Array>, codec: Codec<T>): Queue<T | Undecodable> {
  return new DecodingQueue(queue, codec);
}

class DecodingQueue<T> implements Queue<T | Undecodable> {
  readonly #queue: Queue<Uint8Array>;
  readonly #codec: Codec<T>;

  constructor(queue: Queue<Uint8Array>, codec: Codec<T>) {
    this.#queue = queue;
    this.#codec = codec;
  }

  async publish(messages: readonly Message<T | Undecodable>[]): Promise<void> {
    await this.#queue.publish(messages.map((message) => this.#encoded(message)));
  }

  async receive(max: number, options?: Abortable): Promise<readonly Delivery<T | Undecodable>[]> {
    const deliveries = await this.#queue.receive(max, options);
    return deliveries.map((delivery) => this.#decoded(delivery));
  }

  ack(deliveries: readonly Delivery<T | Undecodable>[]): Promise<void> {
    return this.#queue.ack(asReceived(deliveries));
  }

  nack(deliveries: readonly Delivery<T | Undecodable>[]): Promise<void> {
    return this.#queue.nack(asReceived(deliveries));
  }

  close(): void {
    this.#queue.close();
  }

  stats(): Promise<QueueStats> {
    return this.#queue.stats();
  }

  ping(): Promise<void> {
    return this.#queue.ping();
  }

  [Symbol.asyncDispose](): PromiseLike<void> {
    return this.#queue[Symbol.asyncDispose]();
  }

  #encoded({ key, body, headers }: Message<T | Undecodable>): Message<Uint8Array> {
    if (body instanceof Undecodable) throw new CodedError('invalid', 'what could not be decoded cannot be published');
    return { key, body: this.#codec.encode(body), headers };
  }

  #decoded({ key, body, headers, attempt, receipt }: Delivery<Uint8Array>): Delivery<T | Undecodable> {
    return { key, body: this.#decodedBody(body), headers, attempt, receipt };
  }

  #decodedBody(bytes: Uint8Array): T | Undecodable {
    try {
      return this.#codec.decode(bytes);
    } catch (error) {
      return new Undecodable(bytes, error);
    }
  }
}

/** A queue settles by the receipt alone, whatever body the delivery was given since: the port says so. */
function asReceived(deliveries: readonly Delivery<unknown>[]): readonly Delivery<Uint8Array>[] {
  return deliveries as readonly Delivery<Uint8Array>[];
}
