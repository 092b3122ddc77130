import { msOf, NEVER, versionsStartAfter, type Version } from '@product-updates/domain';
import type { Log } from '@product-updates/telemetry';

/** What the version clock starts after (see `versionsStartAfter`), with a warning where the store proves this machine's clock wrong. */
export function versionsStart(highest: Version, nowMs: number, log: Log): Version {
  const after = versionsStartAfter(highest, nowMs);
  if (after === NEVER) return NEVER;
  const newestMs = msOf(highest);
  log.warn(
    { newest_update_at: new Date(newestMs).toISOString(), ahead_seconds: Math.round((newestMs - nowMs) / 1000) },
    "the store's newest update lies too far ahead of this machine's clock, so one of them is wrong: updates without occurred_at count on from it until the clock has passed it",
  );
  return after;
}
