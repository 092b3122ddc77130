import type { MetricSources } from '@product-updates/telemetry';

/** A queue and a store that answer: empty, and well. */
export function sources(instead: Partial<MetricSources> = {}): MetricSources {
  return {
    queue: {
      stats: () => Promise.resolve({ depth: 0, capacity: 1000, unacked: 0, oldestMs: null }),
      ping: () => Promise.resolve(),
    },
    store: { ping: () => Promise.resolve() },
    deadLetters: { count: () => Promise.resolve(0) },
    ...instead,
  };
}
