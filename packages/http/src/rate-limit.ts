/** Bounds the updates that each client may send: a token bucket that holds one second's worth. */
export interface RateLimiter {
  /** Whole seconds until the client may send again; 0: now. */
  waitSeconds(client: string): number;
  /** Takes the updates out of the client's bucket, which may go below zero: an array is taken whole and waited for afterwards. */
  take(client: string, updates: number): void;
  /** The `RateLimit` fields (draft-ietf-httpapi-ratelimit-headers) as they now stand for the client. */
  headers(client: string): Record<string, string>;
}

export interface RateLimitOptions {
  /** Updates per second and client, at least 1. */
  readonly perSecond: number;
  /** Milliseconds; may step, also backwards. */
  readonly now: () => number;
  /** How many clients are told apart at a time; all beyond share one bucket, so that nobody escapes by being many. */
  readonly clientsMax?: number;
}

interface Bucket {
  tokens: number;
  filledMs: number;
}

export function createRateLimiter(options: RateLimitOptions): RateLimiter {
  const { perSecond, now, clientsMax = 10_000 } = options;
  const buckets = new Map<string, Bucket>();
  const shared: Bucket = { tokens: perSecond, filledMs: now() };
  let sweptMs = now();

  function bucketOf(client: string): Bucket {
    const nowMs = now();
    let bucket = buckets.get(client);
    if (bucket === undefined) {
      if (buckets.size >= clientsMax) sweep(nowMs);
      if (buckets.size >= clientsMax) bucket = shared;
      else buckets.set(client, (bucket = { tokens: perSecond, filledMs: nowMs }));
    }
    refill(bucket, nowMs);
    return bucket;
  }

  function refill(bucket: Bucket, nowMs: number): void {
    const elapsedMs = Math.max(0, nowMs - bucket.filledMs);
    bucket.tokens = Math.min(perSecond, bucket.tokens + (elapsedMs * perSecond) / 1000);
    bucket.filledMs = nowMs;
  }

  /** A full bucket is as good as none. At most once a second, so that a flood of new clients cannot buy work with it. */
  function sweep(nowMs: number): void {
    if (Math.abs(nowMs - sweptMs) < 1000) return;
    sweptMs = nowMs;
    for (const [client, bucket] of buckets) {
      refill(bucket, nowMs);
      if (bucket.tokens >= perSecond) buckets.delete(client);
    }
  }

  const waitOf = (bucket: Bucket): number => (bucket.tokens >= 1 ? 0 : Math.ceil((1 - bucket.tokens) / perSecond));
  return {
    waitSeconds: (client) => waitOf(bucketOf(client)),
    take(client, updates) {
      bucketOf(client).tokens -= updates;
    },
    headers(client) {
      const bucket = bucketOf(client);
      const remaining = Math.max(0, Math.floor(bucket.tokens));
      return {
        'ratelimit-policy': `"updates";q=${perSecond};w=1`,
        ratelimit: `"updates";r=${remaining};t=${Math.max(1, waitOf(bucket))}`,
      };
    },
  };
}
