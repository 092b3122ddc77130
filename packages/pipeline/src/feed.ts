import { codeOf } from '@product-updates/errors';
import type { Clock, Consumer } from '@product-updates/queue';
import type { Holds } from './holds.ts';
import type { Incoming, IncomingBody } from './incoming.ts';
import type { PipelineObserver } from './observer.ts';
import type { Pace } from './pace.ts';
import type { Window } from './window.ts';

/** A receive that failed and now waits this long without failing again is taken for a queue that is back and empty. */
const QUIET_MS = 5000;

export interface Feed {
  /** Resolves when the consumer is closed and everything came out, or the pipeline is stopped. Never rejects. */
  readonly ended: Promise<void>;
  /** When the latest delivery came. */
  readonly lastReceiveMs: number | null;
}

/**
 * Takes from the queue what the window has room for and hands it on at once. A queue that cannot be asked is asked again
 * about every second; only a closed one ends the feed.
 */
export function startFeed(options: {
  readonly consumer: Pick<Consumer<IncomingBody>, 'receive'>;
  readonly window: Window;
  readonly submit: (deliveries: readonly Incoming[]) => void;
  readonly holds: Holds;
  readonly clock: Clock;
  readonly pace: Pace;
  readonly observer: PipelineObserver;
  readonly stop: AbortSignal;
}): Feed {
  const { consumer, window, submit, clock, pace, observer, stop } = options;
  const trouble = createTrouble(options.holds, clock);
  let lastReceiveMs: number | null = null;
  /** The last receive took what the window had room for, so the queue may hold more. */
  let leavesMore = false;

  /** `undefined`: it failed, ask again. */
  async function receive(): Promise<readonly Incoming[] | undefined> {
    await window.room();
    if (stop.aborted) return [];
    try {
      trouble.watch();
      const most = window.capacity - window.size;
      const deliveries = await consumer.receive(most, { signal: stop });
      leavesMore = deliveries.length === most;
      return deliveries;
    } catch (error) {
      const code = codeOf(error);
      if (stop.aborted || code === 'closed') return [];
      if (code === undefined) observer.failed('receive', error);
      trouble.begin(error);
      return undefined;
    }
  }

  async function run(): Promise<void> {
    for (;;) {
      const deliveries = await receive();
      if (deliveries === undefined) {
        await pace.wait(pace.nextMs());
        continue;
      }
      trouble.end();
      if (deliveries.length === 0) return;
      lastReceiveMs = clock.now();
      window.take(deliveries);
      observer.received(deliveries);
      // Answered in the very moment of the deadline: whoever drains gives them back.
      if (stop.aborted) return;
      submit(deliveries);
      if (!leavesMore && deliveries.length < GATHER_BELOW) await endOfTurn(clock);
    }
  }

  const ended = run().catch((error: unknown) => {
    if (!stop.aborted) observer.failed('feed', error);
    trouble.end();
  });
  return {
    ended,
    get lastReceiveMs() {
      return lastReceiveMs;
    },
  };
}

/**
 * What is published one by one in a turn is received together: else each would go through lane, write and ack alone. So many at
 * once pay for that way themselves; what waits longer than it must only survives more garbage collections.
 */
const GATHER_BELOW = 100;

function endOfTurn(clock: Clock): Promise<void> {
  return new Promise((resolve) => {
    clock.schedule(0, resolve);
  });
}

/** The feed's part in the hold of the queue. */
interface Trouble {
  begin(error: unknown): void;
  /** Ends by itself when nothing fails for a while. */
  watch(): void;
  end(): void;
}

function createTrouble(holds: Holds, clock: Clock): Trouble {
  let holding = false;
  let cancelTimer: (() => void) | undefined;

  function end(): void {
    cancelTimer?.();
    cancelTimer = undefined;
    if (!holding) return;
    holding = false;
    holds.leave('queue');
  }

  return {
    begin(error) {
      cancelTimer?.();
      if (holding) holds.update('queue', error);
      else holds.enter('queue', error);
      holding = true;
    },
    watch() {
      if (holding) cancelTimer = clock.schedule(QUIET_MS, end);
    },
    end,
  };
}
