import { Buffer } from 'node:buffer';
import type { ServerResponse } from 'node:http';
import type { ProductEvent, Stamper } from '@product-updates/domain';
import type { Headers, Message, Publisher } from '@product-updates/queue';
import type { ParsedUpdates } from './parse-updates.ts';
import type { RejectedUpdate } from './sort-updates.ts';

/** The events of a body, in its order. */
export function stampUpdates(
  stamper: Stamper,
  { updates, many }: Pick<ParsedUpdates, 'updates' | 'many'>,
): readonly ProductEvent[] {
  const [only] = updates;
  return many || only === undefined ? stamper.stampAll(updates) : [stamper.stamp(only)];
}

/** Hands the events to the queue, each under its product's id. */
export function publishEvents(
  publisher: Publisher<ProductEvent>,
  events: readonly ProductEvent[],
  headers: Headers,
): Promise<void> {
  const messages: Message<ProductEvent>[] = [];
  for (const event of events) messages.push({ key: event.product_id, body: event, headers });
  return publisher.publish(messages);
}

/** A 202 to come. */
export interface Acceptance {
  readonly body: string | Buffer;
  /** Whether it answers a lenient array. */
  readonly lenient: boolean;
}

/**
 * Made before the queue is asked: then nobody keeps the events and what they were made of until it has answered, which with
 * large arrays is most of what the garbage collector would have to copy. Event ids are made of `[0-9a-z-]`, so nothing needs escaping.
 */
export function acceptanceOf(
  { many, rejected, errorCount }: Pick<ParsedUpdates, 'many' | 'rejected' | 'errorCount'>,
  events: readonly ProductEvent[],
): Acceptance {
  if (!many) {
    const body = `{"message":"Event received and queued successfully","event_id":"${events[0]?.event_id ?? ''}"}`;
    return { body, lenient: false };
  }
  const head = `{"message":"Events received and queued successfully","accepted":${events.length},"event_ids":[`;
  if (rejected === undefined) return { body: Buffer.from(`${head}${eventIds(events)}]}`, 'latin1'), lenient: false };
  const told = rejected.reduce((sum, { errors }) => sum + errors.length, 0);
  const count = told < errorCount ? `,"error_count":${errorCount}` : '';
  const rest = `${eventIdsAround(events, rejected)}],"rejected":${JSON.stringify(rejected)}${count}}`;
  return { body: Buffer.from(head + rest, 'utf8'), lenient: true };
}

/** Answers 202. */
export function sendAccepted(res: ServerResponse, { body, lenient }: Acceptance): void {
  if (lenient) res.setHeader('preference-applied', 'handling=lenient');
  res.writeHead(202, {
    'content-type': 'application/json',
    'content-length': body.length,
    'cache-control': 'no-store',
    'x-content-type-options': 'nosniff',
  });
  res.end(body);
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
