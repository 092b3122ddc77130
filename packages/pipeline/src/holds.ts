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

/** What holds the pipeline, and since when. Several may hold for one reason: it ends when the last of them leaves. */
export interface Holds {
  enter(reason: HoldReason, error: unknown): void;
  /** It failed again, with this. Only between `enter` and `leave`. */
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
  const open = new Map<HoldReason, { since_ms: number; error: string; holders: number }>();

  return {
    enter(reason, error) {
      const hold = open.get(reason);
      const text = describe(error);
      if (hold !== undefined) {
        hold.holders += 1;
        hold.error = text;
        return;
      }
      open.set(reason, { since_ms: clock.now(), error: text, holders: 1 });
      observer.held(reason, text);
    },
    update(reason, error) {
      const hold = open.get(reason);
      if (hold !== undefined) hold.error = describe(error);
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
