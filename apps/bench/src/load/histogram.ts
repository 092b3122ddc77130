/** Latencies, counted in buckets that are 1/32 of their value wide: a percentile is at most 3.2 % too high, never too low. */
export interface Histogram {
  /** Microseconds; below 0 counts as 0, above 2^31 − 1 (36 minutes) as that. */
  record(micros: number): void;
  /** The value that `quantile` (0–1) of the recorded ones do not exceed, in microseconds; 0 when nothing was recorded. */
  percentile(quantile: number): number;
  clear(): void;
  readonly count: number;
}

const LARGEST = 2 ** 31 - 1;
const BUCKETS = bucketOf(LARGEST) + 1;

export function createHistogram(): Histogram {
  const counts = new Float64Array(BUCKETS);
  let count = 0;
  return {
    record(micros) {
      const bucket = bucketOf(Math.max(0, Math.min(LARGEST, Math.ceil(micros))));
      counts[bucket] = (counts[bucket] ?? 0) + 1;
      count += 1;
    },
    percentile(quantile) {
      const rank = Math.max(1, Math.ceil(quantile * count));
      let seen = 0;
      for (let bucket = 0; bucket < BUCKETS && count > 0; bucket += 1) {
        seen += counts[bucket] ?? 0;
        if (seen >= rank) return largestOf(bucket);
      }
      return 0;
    },
    clear() {
      counts.fill(0);
      count = 0;
    },
    get count() {
      return count;
    },
  };
}

/** Values below 64 have a bucket each; above, the six highest bits choose it. */
function bucketOf(value: number): number {
  if (value < 64) return value;
  const dropped = 26 - Math.clz32(value);
  return dropped * 32 + (value >>> dropped);
}

function largestOf(bucket: number): number {
  if (bucket < 64) return bucket;
  const dropped = Math.floor(bucket / 32) - 1;
  return (bucket - dropped * 32 + 1) * 2 ** dropped - 1;
}
