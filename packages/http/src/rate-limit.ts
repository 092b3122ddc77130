import { hash, randomUUID } from 'node:crypto';

/** Bounds the updates that each client may send: a token bucket that holds one second's worth. */
export interface RateLimiter {
  bucketOf(client: string): Bucket;
}

/** The bucket of one client. */
export interface Bucket {
  /** Whole seconds until the client may send again; 0: now. */
  waitSeconds(): number;
  /** Takes the updates out of it, which may leave it below zero: an array is taken whole and waited for afterwards. Less than none gives back. */
  take(updates: number): void;
  /** The `RateLimit` fields (draft-ietf-httpapi-ratelimit-headers) as they now stand. */
  headers(): Record<string, string>;
}

export interface RateLimitOptions {
  /** Updates per second and client, at least 1. */
  readonly perSecond: number;
  /** Milliseconds; may step, also backwards. */
  readonly now: () => number;
  /** Cells in each row of the sketch. */
  readonly cellsInRow?: number;
}

const ROWS = 4;
/** 4 MiB in all. With 10,000 clients that owe something one newcomer in 35,000 waits for others, with 65,000 one in 40. */
const CELLS_IN_ROW = 2 ** 17;
/** What is lost by rounding. */
const EPSILON = 1e-6;

/**
 * A count-min sketch with conservative updates, instead of an entry for each client, of which a flood from many addresses
 * would need too many. Each client has one cell in each row, chosen by a hash with a secret, and shares each of them with
 * others. A cell holds when its bucket is full again; the earliest of a client's four cells counts. So no client gets more than
 * its rate, and one that sends little waits only where all four of its cells are shared with clients that send too much.
 */
export function createRateLimiter({ perSecond, now, cellsInRow = CELLS_IN_ROW }: RateLimitOptions): RateLimiter {
  const cells = new Float64Array(ROWS * cellsInRow);
  const secret = randomUUID();
  const steadyMs = createSteadyMs(now);

  /** What a full bucket has been refilled with since the start. Cells are on the same scale, so that whole updates stay whole. */
  const refilled = (): number => (steadyMs() * perSecond) / 1000;

  function cellsOf(client: string): number[] {
    const digest = hash('sha256', secret + client, 'buffer');
    return Array.from({ length: ROWS }, (_, row) => row * cellsInRow + (digest.readUInt32LE(row * 4) % cellsInRow));
  }

  return {
    bucketOf(client) {
      const own = cellsOf(client);
      const fullAt = (): number => Math.min(...own.map((cell) => cells[cell] as number));
      const tokens = (): number => perSecond - Math.max(0, fullAt() - refilled()) + EPSILON;
      const waitSeconds = (): number => {
        const left = tokens();
        return left >= 1 ? 0 : Math.ceil((1 - left) / perSecond);
      };
      return {
        waitSeconds,
        take(updates) {
          const before = fullAt();
          const after = Math.max(before, refilled()) + updates;
          for (const cell of own) {
            const is = cells[cell] as number;
            // Cells that are later have been taken from by others, who must not get that back.
            if (updates > 0 ? is < after : is === before) cells[cell] = after;
          }
        },
        headers: () => ({
          'ratelimit-policy': `"updates";q=${perSecond};w=1`,
          ratelimit: `"updates";r=${Math.max(0, Math.floor(tokens()))};t=${Math.max(1, waitSeconds())}`,
        }),
      };
    },
  };
}

/** Milliseconds since the start, which stop where the clock steps back. */
function createSteadyMs(now: () => number): () => number {
  let steadyMs = 0;
  let lastMs = now();
  return () => {
    const nowMs = now();
    steadyMs += Math.max(0, nowMs - lastMs);
    lastMs = nowMs;
    return steadyMs;
  };
}
