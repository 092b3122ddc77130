import type { Clock } from './clock.ts';
import { DueHeap } from './due-heap.ts';
import { Ring } from './ring.ts';

/** Items that go back to their lane, in order, and how long they wait there: at least 1 ms. */
export interface GivenBack<T> {
  readonly items: readonly T[];
  readonly delayMs: number;
}

/**
 * What a worker does with a batch, in the order given; its answer is what it could not do yet, each item once. The
 * signal fires when the pool is disposed. It must not reject.
 */
export type Work<T> = (batch: readonly T[], signal: AbortSignal) => Promise<readonly GivenBack<T>[]>;

/** What a lane needs of its pool. */
export interface LaneOptions<T> {
  readonly batchMax: number;
  readonly keyOf: (item: T) => string;
  readonly work: Work<T>;
  readonly clock: Clock;
  readonly steadyNow: () => number;
  readonly onError: (error: unknown) => void;
  readonly signal: AbortSignal;
  /** So many items are done. */
  readonly onDone: (items: number) => void;
}

/** `waiting`: what it has was given back, and its time has not come. */
export interface LaneStatus {
  readonly state: 'idle' | 'working' | 'waiting';
  /** Since the epoch; while it works, since this batch began. */
  readonly sinceMs: number;
}

const turnEnd: Promise<void> = Promise.resolve();

/** A batch has at most so many times as many items as it may have keys. */
const ITEMS_PER_KEY = 4;

/** After a `work` that rejected. */
const BUG_DELAY_MS = 1000;

/** Items of one key that were given back, oldest first, with the newer ones that joined them. */
interface HeldKey<T> {
  readonly key: string;
  items: T[];
}

/**
 * One worker and what waits for it. Of one key, items leave in the order they came, given back or not: while a key is
 * held (waiting for its time, or due and not taken yet), newer items of it join it instead of overtaking.
 */
export class Lane<T> {
  readonly #options: LaneOptions<T>;
  readonly #fresh = new Ring<T>();
  readonly #held = new Map<string, HeldKey<T>>();
  readonly #waiting = new DueHeap<HeldKey<T>>();
  readonly #due = new Ring<HeldKey<T>>();
  #timer: { readonly dueMs: number; readonly cancel: () => void } | undefined;
  #run: Promise<void> | undefined;
  #atWork = false;
  #sinceMs: number;

  constructor(options: LaneOptions<T>) {
    this.#options = options;
    this.#sinceMs = options.clock.now();
  }

  get status(): LaneStatus {
    const resting = this.#held.size > 0 ? 'waiting' : 'idle';
    return { state: this.#atWork ? 'working' : resting, sinceMs: this.#sinceMs };
  }

  get atWork(): boolean {
    return this.#atWork;
  }

  add(item: T): void {
    this.#fresh.push(item);
    this.#run ??= this.#start();
  }

  /** Drops what waits; resolves when no work is running. The signal has fired. */
  async stop(): Promise<void> {
    this.#timer?.cancel();
    this.#timer = undefined;
    this.#drop();
    await this.#run;
  }

  async #start(): Promise<void> {
    await turnEnd; // so that all that is submitted in this turn is one batch
    for (let batch = this.#take(); batch.length > 0; batch = this.#take()) {
      this.#atWork = true;
      this.#sinceMs = this.#options.clock.now();
      const givenBack = await this.#workOn(batch);
      this.#atWork = false;
      if (this.#options.signal.aborted) break;
      this.#options.onDone(batch.length - this.#hold(givenBack));
    }
    this.#run = undefined;
    this.#sinceMs = this.#options.clock.now();
  }

  async #workOn(batch: readonly T[]): Promise<readonly GivenBack<T>[]> {
    const { work, signal, onError } = this.#options;
    try {
      return await work(batch, signal);
    } catch (error) {
      if (!signal.aborted || error !== signal.reason) onError(error);
      return [{ items: batch, delayMs: BUG_DELAY_MS }];
    }
  }

  /**
   * At most `batchMax` keys: those that are due first, then fresh ones, where items of held keys join these. What is one
   * batch's worth of keys for certain is taken as a block; keys are only counted where more waits, or something is held.
   */
  #take(): readonly T[] {
    const { batchMax, keyOf } = this.#options;
    const fresh = this.#fresh;
    const isUsual = this.#held.size === 0;
    const batch = isUsual ? fresh.take(batchMax) : this.#takeDue();
    if (fresh.size === 0) return batch;
    const keys = new Set<string>();
    for (const item of batch) keys.add(keyOf(item));
    while (fresh.size > 0 && batch.length < batchMax * ITEMS_PER_KEY) {
      const key = keyOf(fresh.first as T);
      const held = isUsual ? undefined : this.#held.get(key);
      if (held === undefined) {
        // Items of keys that are in the batch anyway cost its work next to nothing, so they come with it.
        if (keys.size === batchMax && !keys.has(key)) break;
        keys.add(key);
      }
      (held === undefined ? batch : held.items).push(fresh.shift() as T);
    }
    return batch;
  }

  /**
   * Whole keys, half a batch of them where others wait: these are not held up by what is given back again and again. A key
   * that is larger than a batch comes in several.
   */
  #takeDue(): T[] {
    const { batchMax } = this.#options;
    const itemsMax = batchMax * ITEMS_PER_KEY;
    const keysMax = this.#fresh.size === 0 ? batchMax : Math.ceil(batchMax / 2);
    const batch: T[] = [];
    for (let keys = 0; keys < keysMax && this.#due.size > 0; keys += 1) {
      const first = this.#due.first as HeldKey<T>;
      if (keys === 0 && first.items.length > itemsMax) return first.items.splice(0, itemsMax);
      if (batch.length + first.items.length > itemsMax) break;
      this.#due.shift();
      this.#held.delete(first.key);
      for (const item of first.items) batch.push(item);
    }
    return batch;
  }

  /** Answers how many items it took. */
  #hold(givenBack: readonly GivenBack<T>[]): number {
    if (givenBack.length === 0) return 0;
    let count = 0;
    for (const [key, { items, delayMs }] of this.#byKey(givenBack)) {
      count += items.length;
      const held = this.#held.get(key) ?? { key, items: [] };
      // A key that is still held is the first one due: the batch had no room for all of it, and what is left is newer.
      if (held.items.length > 0) this.#due.shift();
      held.items = items.concat(held.items);
      this.#held.set(key, held);
      this.#waiting.put(this.#options.steadyNow() + delayMs, held);
    }
    this.#setTimer();
    return count;
  }

  /** One group a key, in the order given, due when its latest part is. */
  #byKey(givenBack: readonly GivenBack<T>[]): Map<string, { items: T[]; delayMs: number }> {
    const groups = new Map<string, { items: T[]; delayMs: number }>();
    for (const { items, delayMs } of givenBack) {
      const wait = delayMs >= 1 ? delayMs : 1; // never in this turn: work that gives back at once must not spin
      for (const item of items) {
        const key = this.#options.keyOf(item);
        const group = groups.get(key);
        if (group === undefined) {
          groups.set(key, { items: [item], delayMs: wait });
        } else {
          group.items.push(item);
          group.delayMs = Math.max(group.delayMs, wait);
        }
      }
    }
    return groups;
  }

  #setTimer(): void {
    const dueMs = this.#waiting.nextDueMs;
    if (this.#timer !== undefined) {
      if (this.#timer.dueMs <= dueMs) return;
      this.#timer.cancel();
    }
    const { clock, steadyNow } = this.#options;
    const cancel = clock.schedule(Math.max(0, dueMs - steadyNow()), () => this.#onTimer(dueMs));
    this.#timer = { dueMs, cancel };
  }

  #onTimer(dueMs: number): void {
    this.#timer = undefined;
    const now = Math.max(dueMs, this.#options.steadyNow()); // timers may fire a little early
    while (this.#waiting.size > 0 && this.#waiting.nextDueMs <= now) this.#due.push(this.#waiting.take() as HeldKey<T>);
    if (this.#waiting.size > 0) this.#setTimer();
    this.#run ??= this.#start();
  }

  #drop(): void {
    this.#fresh.clear();
    this.#held.clear();
    this.#waiting.clear();
    this.#due.clear();
  }
}
