/** Bounds what all bodies that are being received hold together. */
export interface BodyMemory {
  /** `refuse` is called when the body has to go; then nothing of it may be kept. */
  open(refuse: () => void): HeldBody;
}

export interface HeldBody {
  /** So many bytes more are held of it. Beyond the bound this refuses one body or several, perhaps this one. */
  add(bytes: number): void;
  /** Nothing of it is held any more. */
  release(): void;
}

/** What a chunk costs at least, however few bytes it has: objects of their own, and rounding. */
const CHUNK_BYTES = 512;

interface Held {
  bytes: number;
  readonly sinceMs: number;
  readonly refuse: () => void;
}

/**
 * Counts what was received, not what was announced. Beyond the bound the body goes that has held the most for the longest (bytes
 * × time): who sends slowly on purpose pays, not the newcomer, and small bodies never pay for large ones. `now`: milliseconds
 * that never step.
 */
export function createBodyMemory(maxBytes: number, now: () => number): BodyMemory {
  const held = new Set<Held>();
  let total = 0;

  function release(body: Held): void {
    if (held.delete(body)) total -= body.bytes;
  }

  function refuseCostliest(): void {
    const nowMs = now();
    let costliest: Held | undefined;
    let most = -1;
    for (const body of held) {
      const cost = body.bytes * (nowMs - body.sinceMs + 1);
      if (cost > most) [costliest, most] = [body, cost];
    }
    if (costliest === undefined) return;
    release(costliest);
    costliest.refuse();
  }

  return {
    open(refuse) {
      const body: Held = { bytes: 0, sinceMs: now(), refuse };
      held.add(body);
      return {
        add(bytes) {
          if (!held.has(body)) return;
          const cost = Math.max(bytes, CHUNK_BYTES);
          body.bytes += cost;
          total += cost;
          while (total > maxBytes) refuseCostliest();
        },
        release: () => release(body),
      };
    },
  };
}
