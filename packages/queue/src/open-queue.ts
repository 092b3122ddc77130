import type { Clock } from './clock.ts';
import type { Codec } from './codec.ts';
import type { OpenedQueue } from './queue.ts';
import type { Undecodable } from './with-codec.ts';

/** What every opener is given, whether it needs it or not. */
export interface QueueOpenContext<T> {
  readonly codec: Codec<T>;
  readonly clock: Clock;
}

/**
 * From a URL to a queue; what an adapter package exports. Rejects `misconfigured` for an unknown option, a bad value or
 * a server that is set up unsafely, with the reason and never a secret; `unavailable` while the server does not answer.
 */
export type OpenQueue = <T>(url: URL, context: QueueOpenContext<T>) => Promise<OpenedQueue<T | Undecodable>>;
