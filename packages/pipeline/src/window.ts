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
  const held = new Set<Incoming>();
  let wake: (() => void) | undefined;

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
    },
    release(deliveries) {
      const released = deliveries.filter((delivery) => held.delete(delivery));
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
