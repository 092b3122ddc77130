import { excerpt } from './excerpt.ts';
import { msOfInstant, subOfInstant } from './instant.ts';
import { MAX_AHEAD_MS } from './product-update.ts';
import { VERSION_EPOCH_MS } from './version.ts';

const EXAMPLE = '2026-11-22T16:20:00Z';

/** Whether a text may date an update at the time `nowMs`: RFC 3339 with an offset, after 2020 began, hardly ahead. */
export function isOccurredAt(text: string, nowMs: number): boolean {
  const ms = msOfInstant(text);
  return ms <= nowMs + MAX_AHEAD_MS && isAfterEpoch(ms, text);
}

/** What is wrong with it, as the end of a sentence that begins with `occurred_at`; undefined exactly where it is right. */
export function faultOfOccurredAt(text: string, nowMs: number): string | undefined {
  const ms = msOfInstant(text);
  if (Number.isNaN(ms)) return faultOfForm(text.slice(0, 100));
  if (!isAfterEpoch(ms, text)) return 'must be later than 2020-01-01T00:00:00Z';
  if (ms <= nowMs + MAX_AHEAD_MS) return undefined;
  return 'is more than 5 minutes ahead of the server: check the clock of the source, and the offset';
}

function faultOfForm(text: string): string {
  if (!Number.isNaN(msOfInstant(`${text}Z`))) {
    return `has no offset: add Z for UTC or one like +02:00, as in ${EXAMPLE}`;
  }
  // The basic format of ISO 8601, and what PostgreSQL prints for whole hours.
  const [, time, hours, minutes = '00'] = /^(.*)([+-]\d\d)(\d\d)?$/s.exec(text) ?? [];
  return Number.isNaN(msOfInstant(`${time}${hours}:${minutes}`))
    ? `must be an RFC 3339 date-time with an offset, such as ${EXAMPLE}, not ${excerpt(text)}`
    : `must have a colon in its offset: write it as ${hours}:${minutes}`;
}

function isAfterEpoch(ms: number, text: string): boolean {
  return ms > VERSION_EPOCH_MS || (ms === VERSION_EPOCH_MS && subOfInstant(text) > 0);
}
