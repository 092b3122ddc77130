import type { Incoming } from './incoming.ts';

/** The deliveries that are in the pipeline's hands: taken and not settled, at most `capacity` when the feed asks first. */
export interface Window {
  readonly capacity: number;
  readonly size: number;
  take(deliveries: readonly Incoming[]): void;
  /** Lets them go; answers those that were still held. */
  release(deliveries: readonly Incoming[]): readonly Incoming[];
  /** Lets all of them go. */
  releaseAll(): readonly Incoming[];
  /** Resolves when there is room, or the pipeline is stopped. For one caller at a time. */
  room(): Promise<void>;
}

export function createWindow(capacity: number, stop: AbortSignal): Window {
  let held = new Set<Incoming>();
  let takenByThisSet = 0;
  let wake: (() => void) | undefined;

  /**
   * A set that is filled and emptied without end leaves its old tables to the next major collection, and with them all
   * that was in them: much of the CPU time at full load went there. A new one now and then costs nearly nothing.
   */
  function renew(): void {
    if (takenByThisSet < capacity) return;
    held = new Set(held);
    takenByThisSet = 0;
  }

  function wakeUp(): void {
    wake?.();
    wake = undefined;
  }

  stop.addEventListener('abort', wakeUp, { once: true });
  return {
    capacity,
    get size() {
      return held.size;
    },
    take(deliveries) {
      for (const delivery of deliveries) held.add(delivery);
      takenByThisSet += deliveries.length;
    },
    release(deliveries) {
      const released = deliveries.filter((delivery) => held.delete(delivery));
      renew();
      if (held.size < capacity) wakeUp();
      return released;
    },
    releaseAll() {
      const all = [...held];
      held.clear();
      return all;
    },
    room() {
      if (held.size < capacity || stop.aborted) return Promise.resolve();
      return new Promise((resolve) => {
        wake = resolve;
      });
    },
  };
}
