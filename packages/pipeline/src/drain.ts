import type { Clock, Consumer, WorkerPool } from '@product-updates/queue';
import type { Feed } from './feed.ts';
import type { Incoming, IncomingBody } from './incoming.ts';
import type { PipelineObserver } from './observer.ts';
import type { Window } from './window.ts';

/** How long, after the deadline, the queue may take to end its receive and to take back what is left, each. */
const PATIENCE_MS = 1000;

export interface Drain {
  /** `undefined` while there is none. */
  readonly state: 'draining' | 'stopped' | undefined;
  /** Answers how many were left. */
  begin(deadline: AbortSignal | undefined): Promise<number>;
}

/** Drained when nothing is in it, and nothing that was is on its way to the queue. */
type Drainable = Pick<WorkerPool<Incoming>, 'drain' | typeof Symbol.asyncDispose>;

export function createDrain(options: {
  readonly consumer: Pick<Consumer<IncomingBody>, 'close' | 'nack'>;
  readonly feed: Feed;
  readonly pool: Drainable;
  readonly window: Window;
  readonly clock: Clock;
  readonly observer: Pick<PipelineObserver, 'failed'>;
  /** Ends all waiting in the pipeline. */
  readonly stopping: AbortController;
}): Drain {
  const { consumer, feed, pool, window, clock, observer, stopping } = options;
  let state: Drain['state'];
  let left: Promise<number> | undefined;
  void feed.ended.then(() => (state ??= 'draining'));

  async function run(): Promise<number> {
    state = 'draining';
    consumer.close();
    await Promise.race([emptied(), stopped(stopping.signal)]);
    stopping.abort();
    // What is at work now is not waited for: it may hang in a store that does not answer. A pool tells its errors itself.
    void pool[Symbol.asyncDispose]();
    // A receive that was being answered at this moment brings what has to go back too.
    await within(PATIENCE_MS, feed.ended);
    const left = await giveBackAll();
    state = 'stopped';
    void feed.ended.then(giveBackAll);
    return left;
  }

  async function emptied(): Promise<void> {
    await feed.ended;
    // Rejects only when the pool is disposed, which is after this race.
    await pool.drain().catch(() => stopped(stopping.signal));
  }

  async function giveBackAll(): Promise<number> {
    const rest = window.releaseAll();
    if (rest.length === 0) return 0;
    try {
      await within(PATIENCE_MS, consumer.nack(rest));
    } catch (error) {
      observer.failed('nack', error);
    }
    return rest.length;
  }

  async function within(delayMs: number, promise: Promise<void>): Promise<void> {
    let cancel: (() => void) | undefined;
    const tooLong = new Promise<void>((resolve) => {
      cancel = clock.schedule(delayMs, resolve);
    });
    try {
      await Promise.race([promise, tooLong]);
    } finally {
      cancel?.();
    }
  }

  return {
    get state() {
      return state;
    },
    begin(deadline) {
      if (deadline !== undefined) void stopped(deadline).then(() => stopping.abort());
      left ??= run();
      return left;
    },
  };
}

function stopped(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => {
    signal.addEventListener('abort', () => resolve(), { once: true });
  });
}
