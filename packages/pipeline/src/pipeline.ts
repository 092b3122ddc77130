import type { Abortable, Clock, Consumer } from '@product-updates/queue';
import { createWorkerPool, Undecodable } from '@product-updates/queue';
import type { DeadLetterSink, ProductWriter } from '@product-updates/repository';
import { createAcks } from './acks.ts';
import { createDeadLettering } from './dead-lettering.ts';
import { createDrain } from './drain.ts';
import { createFailedAlone } from './failed-alone.ts';
import { createFailures } from './failures.ts';
import { startFeed } from './feed.ts';
import { createGate, type Gate } from './gate.ts';
import { guardedObserver } from './guarded-observer.ts';
import { createGuardedWriter } from './guarded-writer.ts';
import { createHolds, type HoldReason } from './holds.ts';
import type { Incoming, IncomingBody } from './incoming.ts';
import { createIsolate } from './isolate.ts';
import type { PipelineObserver } from './observer.ts';
import { createPace } from './pace.ts';
import type { RetryPolicy } from './policy.ts';
import { createSettle } from './settle.ts';
import { workerStatus, type PipelineStatus } from './status.ts';
import { createWindow } from './window.ts';
import { createWork } from './work.ts';

export interface PipelineOptions {
  /** Closed by `drain`; whoever opened it disposes it, afterwards. */
  readonly consumer: Consumer<IncomingBody>;
  readonly writer: ProductWriter;
  readonly deadLetters: DeadLetterSink;
  /** The store's. It tells an outage from a product that cannot be written. */
  readonly ping: () => Promise<void>;
  /** Workers, at least 1. A product is always in the same lane. */
  readonly lanes: number;
  /** Most products in one write. What waits of the same products is merged into it, up to four updates for each of so many. */
  readonly batchMax: number;
  /** Most deliveries held at a time: the back-pressure. `lanes` × `batchMax` × 8 unless told: what can be in work, and as much again. */
  readonly window?: number;
  readonly retry: RetryPolicy;
  readonly clock: Clock;
  /** From 0 to below 1; for jitter only. */
  readonly random?: () => number;
  readonly observer: PipelineObserver;
}

/** Disposing it is draining with a deadline that is over: it gives back what it holds. */
export interface Pipeline extends AsyncDisposable {
  status(): PipelineStatus;
  /**
   * Closes the consumer and resolves when everything that came out of it is settled, with 0. When the signal fires before,
   * all waiting ends, what is still held is given back to the queue, and the answer is how many that were. A write that is
   * under way then is not waited for: what it was to write counts as left, and writing it again is harmless. No attempt is
   * counted. Called again it answers the same promise, and heeds the further signal too. Never rejects.
   */
  drain(options?: Abortable): Promise<number>;
}

/** Takes updates from the queue and writes them to the store until it is drained. */
export function startPipeline(options: PipelineOptions): Pipeline {
  const { consumer, lanes, batchMax, clock, retry, random = Math.random } = options;
  const observer = guardedObserver(options.observer);
  const stopping = new AbortController();
  const stop = stopping.signal;

  const window = createWindow(options.window ?? lanes * batchMax * 8, stop);
  const holds = createHolds({ clock, observer });
  const pace = createPace({ clock, random, stop });
  const gateOf = (reason: HoldReason): Gate => createGate({ reason, holds, clock, pace, stop });
  const sinkGate = gateOf('dead_letters');
  const failures = createFailures(clock);

  const settle = createSettle({ consumer, window, holds, clock, pace, observer, stop });
  const deadLetterAll = createDeadLettering({
    sink: options.deadLetters,
    gate: sinkGate,
    settle,
    clock,
    observer,
    stop,
  });
  const { writer: unguarded, ping } = options;
  const writer = createGuardedWriter({ writer: unguarded, ping, gate: gateOf('store'), clock, observer, stop });
  const failedAlone = createFailedAlone({ writer, settle, deadLetterAll, failures, retry, random, observer });
  const isolate = createIsolate({ writer, settle, failures, failedAlone });
  const acks = createAcks({ observer, stop });
  const work = createWork({ writer, isolate, settle, acks, deadLetterAll, sinkGate, failures, random, stop });

  const onError = (error: unknown): void => observer.failed('work', error);
  const pool = createWorkerPool<Incoming>({ lanes, batchMax, keyOf, work, clock, onError });
  const submit = (deliveries: readonly Incoming[]): void => pool.submit(deliveries);
  const feed = startFeed({ consumer, window, submit, holds, clock, pace, observer, stop });
  const drain = createDrain({ consumer, feed, pool, acks, window, clock, observer, stopping });

  return {
    status: () => ({
      state: drain.state ?? (holds.current === null ? 'running' : 'held'),
      hold: holds.current,
      retrying: failures.retrying,
      holding: window.size,
      window: window.capacity,
      lanes,
      busy: pool.busy,
      workers: pool.lanes.map((lane) => workerStatus(lane, holds.current)),
      last_receive_ms: feed.lastReceiveMs,
    }),
    drain: ({ signal } = {}) => drain.begin(signal),
    async [Symbol.asyncDispose]() {
      await drain.begin(AbortSignal.abort());
    },
  };
}

function keyOf({ body, key }: Incoming): string {
  return body instanceof Undecodable ? key : body.product_id;
}
