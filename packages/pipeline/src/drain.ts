import type { Clock, Consumer, WorkerPool } from '@product-updates/queue';
import type { Acks } from './acks.ts';
import type { Feed } from './feed.ts';
import type { Incoming, IncomingBody } from './incoming.ts';
import type { PipelineObserver } from './observer.ts';
import type { Window } from './window.ts';

/** How long, after the deadline, the queue may take to end its receive and its acks, and then to take back what is left. */
const PATIENCE_MS = 1000;

export interface Drain {
  /** `undefined` while there is none. */
  readonly state: 'draining' | 'stopped' | undefined;
  /** Answers how many were left. */
  begin(deadline: AbortSignal | undefined): Promise<number>;
}

export function createDrain(options: {
  readonly consumer: Pick<Consumer<IncomingBody>, 'close' | 'nack'>;
  readonly feed: Feed;
  readonly pool: WorkerPool<Incoming>;
  readonly acks: Pick<Acks, 'none'>;
  readonly window: Window;
  readonly clock: Clock;
  readonly observer: Pick<PipelineObserver, 'failed'>;
  /** Ends all waiting in the pipeline. */
  readonly stopping: AbortController;
}): Drain {
  const { consumer, feed, pool, acks, window, clock, observer, stopping } = options;
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
    // A receive that was being answered at this moment brings what has to go back too; what an ack under way settles is not left.
    await within(clock, PATIENCE_MS, Promise.all([feed.ended, acks.none()]));
    const left = await giveBackAll();
    state = 'stopped';
    void feed.ended.then(giveBackAll);
    return left;
  }

  async function emptied(): Promise<void> {
    await feed.ended;
    // Rejects only when the pool is disposed, which is after this race.
    await pool.drain().catch(() => stopped(stopping.signal));
    await acks.none();
  }

  async function giveBackAll(): Promise<number> {
    const rest = window.releaseAll();
    if (rest.length === 0) return 0;
    try {
      await within(clock, PATIENCE_MS, consumer.nack(rest));
    } catch (error) {
      observer.failed('nack', error);
    }
    return rest.length;
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

async function within(clock: Clock, delayMs: number, promise: Promise<unknown>): Promise<void> {
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

function stopped(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => {
    signal.addEventListener('abort', () => resolve(), { once: true });
  });
}
