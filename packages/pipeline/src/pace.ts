import type { Clock } from '@product-updates/queue';

/** How far apart probes and retries of what is down are: often enough to be back soon, seldom enough to be no load. */
export const PROBE_MS = 1000;

/** What paces the pipeline while something is down. */
export interface Pace {
  /** About `PROBE_MS`, a tenth more or less, so that many processes do not probe in step. */
  nextMs(): number;
  /** Rejects with the reason once the pipeline is stopped. */
  wait(delayMs: number): Promise<void>;
}

export function createPace(options: {
  readonly clock: Clock;
  readonly random: () => number;
  readonly stop: AbortSignal;
}): Pace {
  const { clock, random, stop } = options;
  return {
    nextMs: () => Math.round(PROBE_MS * (0.9 + 0.2 * random())),
    wait(delayMs) {
      return new Promise((resolve, reject) => {
        if (stop.aborted) {
          reject(stop.reason as Error);
          return;
        }
        const cancel = clock.schedule(delayMs, () => {
          stop.removeEventListener('abort', onStop);
          resolve();
        });
        function onStop(): void {
          cancel();
          reject(stop.reason as Error);
        }
        stop.addEventListener('abort', onStop, { once: true });
      });
    },
  };
}
