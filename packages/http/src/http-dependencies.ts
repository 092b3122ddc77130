import type { ProductEvent, Stamper } from '@product-updates/domain';
import type { Clock, Durability, Publisher, Queue } from '@product-updates/queue';
import type { DeadLetterStore, ProductReader, Store } from '@product-updates/repository';
import type { ApiKey } from './api-keys.ts';
import type { RefusalReason } from './problem.ts';

/** Everything the app needs; it opens and disposes nothing of it. */
export interface HttpDependencies {
  readonly publisher: Publisher<ProductEvent>;
  readonly products: ProductReader;
  readonly deadLetters: DeadLetterStore;
  readonly stamper: Stamper;
  readonly clock: Clock;
  /** Milliseconds that never step, for durations only (`performance.now`). Without it, the clock's whole milliseconds. */
  readonly monotonicNow?: () => number;
  readonly queue: Pick<Queue<unknown>, 'stats' | 'ping'>;
  readonly store: Pick<Store, 'ping'>;
  /** `null` where this process applies nothing (the role `api`). */
  readonly pipeline: { status(): PipelineView } | null;
  readonly durability: { readonly queue: Durability; readonly store: Durability };
  readonly observer: HttpObserver;
  readonly metrics: () => Promise<{ contentType: string; body: string }>;
  /** Of this process, over the last seconds. */
  readonly rates: () => { accepted_per_second: number; settled_per_second: number };
  readonly options: HttpOptions;
}

export interface HttpOptions {
  /** `worker` serves the operations only. */
  readonly role: 'all' | 'api' | 'worker';
  /** Of `POST /events`. */
  readonly bodyLimitBytes: number;
  /** Of all bodies together that are being received. */
  readonly bodyMemoryBytes: number;
  /** Most updates in one array: 10,000, and never more than the queue's capacity. */
  readonly maxBatch: number;
  /** Updates per second and client; 0: no limit. */
  readonly rateLimit: number;
  /** How many proxies' `X-Forwarded-For` to believe. */
  readonly trustProxy: number;
  /** Empty: nobody needs a key. */
  readonly apiKeys: readonly ApiKey[];
  /** Where there are no keys: whether a `Host` that is not this machine's may be asked for. */
  readonly allowAnonymous: boolean;
  /** What the server listens on: a `Host` that names exactly this is as good as a loopback one. */
  readonly host: string;
  /** Of this software, for the OpenAPI document. */
  readonly version: string;
}

export const workerStates = ['idle', 'applying', 'waiting_to_retry', 'held'] as const;
export type WorkerState = (typeof workerStates)[number];

/** What the app needs to see of a pipeline. */
export interface PipelineView {
  readonly state: 'running' | 'held' | 'draining' | 'stopped';
  readonly hold: { readonly reason: string; readonly since_ms: number; readonly error: string } | null;
  /** Products that failed alone and are tried again, while others go on; `error` and since when of the one that waits longest. */
  readonly retrying: { readonly products: number; readonly since_ms: number; readonly error: string } | null;
  /** Deliveries inside, at most `window`. */
  readonly holding: number;
  readonly window: number;
  readonly lanes: number;
  readonly busy: number;
  readonly workers: readonly { readonly state: WorkerState; readonly since_ms: number }[];
  readonly last_receive_ms: number | null;
}

/**
 * Why a connection was closed to make room: it was the longest idle one; none was idle and its request had been arriving for
 * longest, or unfinished heads held too much together and its was the largest; all others waited for answers; it did not read
 * its answer; it pipelined too many requests.
 */
export type DropReason = 'idle' | 'unfinished_request' | 'all_busy' | 'unread_answer' | 'pipelining';

/** Called synchronously, so it must be cheap. What it throws goes to its own `failed`, and the request goes on. */
export interface HttpObserver {
  /**
   * The queue is asked to take these, new ones and replays (`replays` > 0) alike. What it answers is called once, when the queue
   * took them, and keeps of them no more than it needs then: they are many, and a queue may take its time.
   */
  accepting(events: readonly ProductEvent[], traceparent: string | undefined): () => void;
  /**
   * `updates`: how many were not taken, good and bad alike, as far as that is known; else 1. Where the queue was full and
   * the body was not even looked at, an estimate from its bytes.
   */
  refused(reason: RefusalReason, updates: number): void;
  /** `route` is one of the paths of the OpenAPI document, `unmatched` or `unparsed`; `method` a known one or `OTHER`. */
  responded(method: string, route: string, status: number, durationMs: number): void;
  /** A connection was closed so that others are served. */
  connectionDropped(reason: DropReason): void;
  /** Somebody was answered 401, 403 or 429. */
  denied(denial: Denial): void;
  /** The store or the queue failed, which the error tells: the client was answered 503. */
  unavailable(what: string, error: unknown, about?: About): void;
  /** After it was told of as accepted. */
  replayed(letter_id: string): void;
  /** A bug: the client was answered 500. */
  failed(what: string, error: unknown, about?: About): void;
}

/** Who was refused what, and why; never the key that was sent. */
export interface Denial {
  readonly status: number;
  readonly method: string;
  /** Without its query, and cut where it is long. */
  readonly path: string;
  readonly address: string;
  /** The name of the key, where it is one of ours. */
  readonly key: string | undefined;
  readonly why: string;
}

/** What a request was about, for the log. */
export interface About {
  readonly product_id?: string;
  readonly letter_id?: string;
}
