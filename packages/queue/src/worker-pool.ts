import { CodedError, guarded } from '@product-updates/errors';

import type { Clock } from './clock.ts';
import { hashKey } from './key-hash.ts';
import { Lane, type LaneStatus, type Work } from './lane.ts';
import { createSteadyNow } from './steady-now.ts';
import { WaitingLine } from './waiting-line.ts';
import { wholeNumberFault } from './whole-number.ts';

export type { GivenBack, LaneStatus, Work } from './lane.ts';

/**
 * Workers that share items by key: a key belongs to one lane and a lane works on one batch at a time, so two workers
 * never meet on a key and its items keep their order. While a lane works its next batch gathers: there is no linger.
 */
export interface WorkerPool<T> extends AsyncDisposable {
  /** In order; never waits and never refuses: the caller bounds what it hands in. Throws `closed` once disposed. */
  submit(items: readonly T[]): void;
  /** Waits until nothing is inside, given back or not. Rejects `closed` when disposed before that. */
  drain(): Promise<void>;
  /** Items inside: waiting, given back or in work. */
  readonly size: number;
  /** Lanes at work. */
  readonly busy: number;
  /** What each lane does, always in the same order. */
  readonly lanes: readonly LaneStatus[];
  /** Fires the signal of all running work, drops what waits, and waits until no work is running. */
  [Symbol.asyncDispose](): Promise<void>;
}

export interface WorkerPoolOptions<T> {
  /** How many work at a time, at least 1. */
  readonly lanes: number;
  /** Most keys a batch, at least 1. Where more waits than that a batch has up to four times as many items, of these keys. */
  readonly batchMax: number;
  /** Pure and cheap: it is asked more than once for an item. */
  readonly keyOf: (item: T) => string;
  readonly work: Work<T>;
  readonly clock: Clock;
  /** Hears of a `work` that rejected, which is a bug; its whole batch is then given back for 1 s. What it throws is dropped. */
  readonly onError: (error: unknown) => void;
}

export function createWorkerPool<T>(options: WorkerPoolOptions<T>): WorkerPool<T> {
  const fault = wholeNumberFault('lanes', options.lanes) ?? wholeNumberFault('batchMax', options.batchMax);
  if (fault !== undefined) throw fault;
  return new LanePool(options);
}

class LanePool<T> implements WorkerPool<T> {
  readonly #lanes: readonly Lane<T>[];
  readonly #keyOf: (item: T) => string;
  readonly #abort = new AbortController();
  #size = 0;
  readonly #drains = new WaitingLine<undefined, void>();

  constructor({ lanes, ...options }: WorkerPoolOptions<T>) {
    const steadyNow = createSteadyNow(options.clock);
    const onDone = (items: number): void => this.#leave(items);
    const onError = guarded(options.onError);
    const laneOptions = { ...options, steadyNow, onDone, onError, signal: this.#abort.signal };
    this.#keyOf = options.keyOf;
    this.#lanes = Array.from({ length: lanes }, () => new Lane(laneOptions));
  }

  get size(): number {
    return this.#size;
  }

  get busy(): number {
    return this.#lanes.reduce((count, lane) => count + (lane.atWork ? 1 : 0), 0);
  }

  get lanes(): readonly LaneStatus[] {
    return this.#lanes.map(({ status }) => status);
  }

  submit(items: readonly T[]): void {
    if (this.#abort.signal.aborted) throw closedError();
    const lanes = this.#lanes;
    const keyOf = this.#keyOf;
    for (const item of items) {
      (lanes[hashKey(keyOf(item)) % lanes.length] as Lane<T>).add(item);
      this.#size++;
    }
  }

  drain(): Promise<void> {
    return this.#size === 0 ? Promise.resolve() : this.#drains.join(undefined, undefined);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#abort.abort(closedError());
    this.#size = 0;
    while (!this.#drains.isEmpty) this.#drains.refuseFirst(closedError());
    await Promise.all(this.#lanes.map((lane) => lane.stop()));
  }

  #leave(items: number): void {
    this.#size -= items;
    if (this.#size > 0) return;
    while (!this.#drains.isEmpty) this.#drains.answerFirst();
  }
}

function closedError(): CodedError {
  return new CodedError('closed', 'the worker pool is disposed');
}
