import { ageDigits } from './age-digits.ts';
import type { Instant } from './instant.ts';
import { NEVER, versionOf, VERSIONS_PER_MS, type Version } from './version.ts';

const HALF = VERSIONS_PER_MS / 2;

export interface VersionClock {
  /**
   * Larger than every version that `next` gave before, also when the wall clock steps back or stands still: then it counts
   * up by one, and so runs ahead when a millisecond is asked for more versions than it has.
   */
  next(): Version;
  /**
   * The version of a change that its source dated and that was accepted at `acceptedMs` (milliseconds since the Unix epoch).
   * The instant's digits below the millisecond are its low bits; where there are none, the age at its acceptance is
   * (`ageDigits`), so that of changes with the same instant the one accepted later has the larger version. It stays within
   * the instant's millisecond and leaves `next` alone. At least 1, since 0 means never, and at most 2^53−1.
   */
  at(instant: Instant, acceptedMs: number): Version;
}

export interface VersionClockOptions {
  /** The wall clock: milliseconds since the Unix epoch. */
  readonly now: () => number;
  /** 0 ≤ random < 1. */
  readonly random?: () => number;
  /** `next` starts above it: see `versionsStartAfter`. */
  readonly after?: Version;
}

/**
 * Each new millisecond starts at a random point in the lower half of its versions: two servers seldom give the same one,
 * and at least 2048 of them are left.
 */
export function createVersionClock({ now, random = Math.random, after = NEVER }: VersionClockOptions): VersionClock {
  let last: number = after;
  let lastMs = Number.NEGATIVE_INFINITY;
  return {
    next() {
      const ms = Math.floor(now());
      last += 1;
      if (ms > lastMs) {
        lastMs = ms;
        last = Math.max(last, versionOf(ms, Math.floor(random() * HALF)));
      }
      return last as Version;
    },
    at({ ms, sub }, acceptedMs) {
      const version = versionOf(ms, sub === 0 ? ageDigits(acceptedMs - ms) : sub);
      return Math.min(Math.max(version, 1), Number.MAX_SAFE_INTEGER) as Version;
    },
  };
}
