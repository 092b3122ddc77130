import { isPlausible } from './plausibility.ts';
import type { ProductEvent } from './product-event.ts';
import { undecodable } from './undecodable.ts';
import { msOf, NEVER, type Version } from './version.ts';

export interface EventCodecOptions {
  /** The wall clock: milliseconds since the Unix epoch. */
  readonly now: () => number;
  /** The store's highest version at the start, as the version clock gets it: no message up to that is too far ahead. */
  readonly after?: Version;
}

/** Answers the event, or throws an `undecodable` for one whose version is too far ahead. */
export type Horizon = (event: ProductEvent) => ProductEvent;

/**
 * What is too far ahead is measured by the latest time that was seen here, not by the wall clock alone: when that steps
 * back, the version clock runs on, and its own events must stay decodable.
 */
export function createHorizon({ now, after = NEVER }: EventCodecOptions): Horizon {
  let latestMs = msOf(after);
  return (event) => {
    latestMs = Math.max(latestMs, now());
    if (!isPlausible(event, latestMs)) throw undecodable('its version lies too far ahead of the clock');
    return event;
  };
}
