import { describe } from '@product-updates/errors';
import type { Clock } from '@product-updates/queue';

/** What cannot be used: the store's products, its dead letters, or the queue. In the order in which they are told. */
export const holdReasons = ['store', 'dead_letters', 'queue'] as const;
export type HoldReason = (typeof holdReasons)[number];

export interface Hold {
  readonly reason: HoldReason;
  /** Since the epoch. */
  readonly since_ms: number;
  /** The latest failure, in one line. */
  readonly error: string;
}

/** Of one hold so many causes are told; the latest is in `current` whatever was told. */
const CAUSES_MAX = 20;

/** What holds the pipeline, and since when. Several may hold for one reason: it ends when the last of them leaves. */
export interface Holds {
  enter(reason: HoldReason, error: unknown): void;
  /** It failed again, with this. Only between `enter` and `leave`. A cause that is new is told, once. */
  update(reason: HoldReason, error: unknown): void;
  leave(reason: HoldReason): void;
  /** The first in the order of `holdReasons`. */
  readonly current: Hold | null;
}

export function createHolds(options: {
  readonly clock: Clock;
  readonly observer: {
    held(reason: HoldReason, error: string): void;
    released(reason: HoldReason, heldMs: number): void;
  };
}): Holds {
  const { clock, observer } = options;
  const open = new Map<HoldReason, OpenHold>();

  function fail(reason: HoldReason, hold: OpenHold, error: unknown): void {
    hold.error = describe(error);
    const cause = causeOf(hold.error);
    if (hold.causes.has(cause) || hold.causes.size === CAUSES_MAX) return;
    hold.causes.add(cause);
    observer.held(reason, hold.error);
  }

  return {
    enter(reason, error) {
      const hold = open.get(reason) ?? { since_ms: clock.now(), error: '', holders: 0, causes: new Set() };
      open.set(reason, hold);
      hold.holders += 1;
      fail(reason, hold, error);
    },
    update(reason, error) {
      const hold = open.get(reason);
      if (hold !== undefined) fail(reason, hold, error);
    },
    leave(reason) {
      const hold = open.get(reason);
      if (hold === undefined) return;
      hold.holders -= 1;
      if (hold.holders > 0) return;
      open.delete(reason);
      observer.released(reason, Math.max(0, clock.now() - hold.since_ms));
    },
    get current() {
      for (const reason of holdReasons) {
        const hold = open.get(reason);
        if (hold !== undefined) return { reason, since_ms: hold.since_ms, error: hold.error };
      }
      return null;
    },
  };
}

interface OpenHold {
  readonly since_ms: number;
  error: string;
  holders: number;
  /** Those that were told. */
  readonly causes: Set<string>;
}

/** Ports, counts and durations differ from one failure to the next of the same cause. */
function causeOf(error: string): string {
  return error.replace(/\d+/g, '#');
}
