const WINDOW_S = 10;

/** How many a second, over the last ten seconds, from one counter a second: no timer, nothing kept per event. */
export interface RateWindow {
  add(count: number, nowMs: number): void;
  perSecond(nowMs: number): number;
}

/** `startMs`: a window that is younger than ten seconds is averaged over its age, not over time in which nothing ran. */
export function createRateWindow(startMs: number): RateWindow {
  const slots = WINDOW_S + 1;
  const counts = new Float64Array(slots);
  const seconds = new Float64Array(slots).fill(-1);
  return {
    add(count, nowMs) {
      const second = Math.floor(nowMs / 1000);
      const slot = second % slots;
      if (seconds[slot] !== second) {
        seconds[slot] = second;
        counts[slot] = 0;
      }
      counts[slot] = (counts[slot] ?? 0) + count;
    },
    perSecond(nowMs) {
      const last = Math.floor(nowMs / 1000);
      const first = last - WINDOW_S + 1;
      let sum = 0;
      for (let slot = 0; slot < slots; slot += 1) {
        const second = seconds[slot] ?? -1;
        if (second >= first && second <= last) sum += counts[slot] ?? 0;
      }
      const sinceMs = Math.max(first * 1000, Math.min(startMs, nowMs));
      return sum / Math.max(1, (nowMs - sinceMs) / 1000);
    },
  };
}
