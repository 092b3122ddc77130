import { Buffer } from 'node:buffer';
import type { ProductEvent } from '@product-updates/domain';
import type { HotReply } from './hot-route.ts';
import type { ParsedUpdates } from './parse-updates.ts';
import type { RejectedUpdate } from './sort-updates.ts';

const singleHead = '{"message":"Event received and queued successfully","event_id":"';

/**
 * The 202 for the events of a body. Made before the queue is asked: then nobody keeps the events and what they were made of
 * until it has answered, which with large arrays is most of what the garbage collector would have to copy. Event ids are
 * made of `[0-9a-z-]`, so nothing needs escaping.
 */
export function acceptedReply(parsed: ParsedUpdates, events: readonly ProductEvent[]): HotReply {
  const [first] = events;
  if (!parsed.many && first !== undefined) return replyWith(`${singleHead}${first.event_id}"}`);
  const head = `{"message":"Events received and queued successfully","accepted":${events.length},"event_ids":[`;
  const { rejected, errorCount } = parsed;
  // As bytes, since V8 would flatten so long a text when it is written.
  if (rejected === undefined) return replyWith(Buffer.from(`${head}${eventIds(events)}]}`, 'latin1'));
  const told = rejected.reduce((sum, { errors }) => sum + errors.length, 0);
  const count = told < errorCount ? `,"error_count":${errorCount}` : '';
  const rest = `${eventIdsAround(events, rejected)}],"rejected":${JSON.stringify(rejected)}${count}}`;
  return replyWith(Buffer.from(head + rest, 'utf8'), ['preference-applied', 'handling=lenient']);
}

function replyWith(body: string | Buffer, more: readonly string[] = []): HotReply {
  const headers = [
    'content-type',
    'application/json',
    'content-length',
    String(body.length),
    'cache-control',
    'no-store',
    'x-content-type-options',
    'nosniff',
  ];
  if (more.length > 0) headers.push(...more);
  return { status: 202, headers, body };
}

function eventIds(events: readonly ProductEvent[]): string {
  let list = '';
  for (const { event_id } of events) list += list === '' ? `"${event_id}"` : `,"${event_id}"`;
  return list;
}

/** One entry for each item of the array, `null` in the places of the rejected ones. */
function eventIdsAround(events: readonly ProductEvent[], rejected: readonly RejectedUpdate[]): string {
  const missing = new Set(rejected.map(({ index }) => index));
  const entries: string[] = [];
  const ids = events.values();
  for (let index = 0; index < events.length + missing.size; index += 1) {
    entries.push(missing.has(index) ? 'null' : `"${ids.next().value?.event_id ?? ''}"`);
  }
  return entries.join(',');
}
