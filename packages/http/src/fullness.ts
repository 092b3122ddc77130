/**
 * What is remembered for a moment of a queue that was full: while arrays are posted faster than they are applied, reading
 * and stamping each of them only to be refused takes the time that the workers need to make room.
 */
export interface Fullness {
  /** Whether a body this large is refused unread: no smaller one did fit, at most 100 ms ago. One comparison while there is room. */
  turnsAway(bytes: number): boolean;
  /** An estimate for a body that is not looked at: as many updates per byte as the last one that did not fit; at least 1. */
  updatesIn(bytes: number): number;
  /** To be called before a publish, and its answer to be handed to whichever of the next two tells how that ended. */
  begin(): number;
  /** The queue took it. What began after the last refusal proves that there is room again. */
  took(begun: number): void;
  /** The queue was full. */
  refused(begun: number, updates: number, bytes: number): void;
}

const FIRST_HOLD_MS = 20;
const LONGEST_HOLD_MS = 100;
/**
 * Smaller bodies are always tried: reading them costs hardly more than refusing them. One update is smaller, with each
 * character of its id escaped too (128 × 12 bytes), so where one fits, one is never refused for an array that did not.
 */
const SMALLEST_BYTES = 2048;

/** `now`: milliseconds; where it steps back, what is remembered is forgotten. */
export function createFullness(now: () => number): Fullness {
  let leastBytes = Infinity;
  let sinceMs = 0;
  let holdMs = 0;
  let nextHoldMs = FIRST_HOLD_MS;
  let updatesPerByte = 0;
  /** Tells a publish that began before the last refusal, and so proves nothing about what came after it, from a later one. */
  let refusals = 0;

  return {
    turnsAway(bytes) {
      if (bytes < leastBytes) return false;
      const elapsedMs = now() - sinceMs;
      if (elapsedMs >= 0 && elapsedMs < holdMs) return true;
      leastBytes = Infinity;
      return false;
    },

    updatesIn: (bytes) => Math.max(1, Math.round(bytes * updatesPerByte)),

    begin: () => refusals,

    took(begun) {
      // Whatever it proves, there was room since the hold before: the next one starts short, or the workers could run dry.
      nextHoldMs = FIRST_HOLD_MS;
      if (begun === refusals) leastBytes = Infinity;
    },

    refused(begun, updates, bytes) {
      // Many that began together are refused together: only the first of them tells anything new.
      if (bytes < SMALLEST_BYTES || begun !== refusals) return;
      refusals += 1;
      leastBytes = bytes;
      sinceMs = now();
      holdMs = nextHoldMs;
      nextHoldMs = Math.min(2 * holdMs, LONGEST_HOLD_MS);
      updatesPerByte = updates / bytes;
    },
  };
}
