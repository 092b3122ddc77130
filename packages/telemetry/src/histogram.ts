/** What a histogram held at one moment. */
export interface HistogramSnapshot {
  /** Upper bounds, inclusive, ascending; the last bucket (+Inf) has none. */
  readonly bounds: readonly number[];
  /** Observations at or below each bound, cumulative; one longer than `bounds`, its last element is the count. */
  readonly cumulative: readonly number[];
  readonly sum: number;
}

/** A Prometheus histogram as plain numbers: cheap enough for once per update. */
export interface Histogram {
  /** Negative values (a clock that stepped back) count as 0. */
  observe(value: number): void;
  snapshot(): HistogramSnapshot;
}

export function createHistogram(bounds: readonly number[]): Histogram {
  const counts = new Float64Array(bounds.length + 1);
  let sum = 0;
  return {
    observe(value) {
      const seen = value > 0 ? value : 0;
      let bucket = 0;
      while (bucket < bounds.length && seen > (bounds[bucket] ?? 0)) bucket += 1;
      counts[bucket] = (counts[bucket] ?? 0) + 1;
      sum += seen;
    },
    snapshot() {
      let below = 0;
      return { bounds, cumulative: Array.from(counts, (count) => (below += count)), sum };
    },
  };
}
