import type { ServerResponse } from 'node:http';
import type { Problem } from './problem.ts';
import type { Bucket } from './rate-limit.ts';

/** `{"product_id":"p","stock":0},` */
const SMALLEST_UPDATE_BYTES = 29;
/** An id whose characters are all escaped, and all fields. */
const LARGEST_UPDATE_BYTES = 2048;

/** Takes the updates out of the client's bucket and tells in the answer how that stands now. */
export function charge(res: ServerResponse, bucket: Bucket | undefined, updates: number): void {
  if (bucket === undefined) return;
  bucket.take(updates);
  // It was answered while its body still came.
  if (res.headersSent) return;
  for (const [name, value] of Object.entries(bucket.headers())) res.setHeader(name, value);
}

/** Why the client has to wait. `key`: the name of its key. */
export function rateLimited(bucket: Bucket | undefined, key: string | undefined): Problem | undefined {
  const seconds = bucket?.waitSeconds() ?? 0;
  if (bucket === undefined || seconds === 0) return undefined;
  return {
    status: 429,
    detail: `Too many updates, try again in ${seconds} s`,
    reason: 'rate_limited',
    headers: { 'retry-after': String(seconds), ...bucket.headers() },
    key,
  };
}

/**
 * How many updates a refused body costs: its items. Where they are not known as many as would fit into it, so that junk is never
 * cheaper than updates; and at least as many as it would take to fill it.
 */
export function costOfRefused(problem: Problem | undefined, bytes: number, maxBatch: number): number {
  const items = problem?.updates ?? Math.min(maxBatch, bytes / SMALLEST_UPDATE_BYTES);
  return Math.ceil(Math.max(items, bytes / LARGEST_UPDATE_BYTES));
}
