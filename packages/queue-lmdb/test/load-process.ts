import { writeSync } from 'node:fs';
import { noHeaders, type Delivery } from '@product-updates/queue';
import { outcomeOf } from '@product-updates/queue/contract';
import { openBytes } from './bytes.ts';

/**
 * Publishes, receives and acks until it is killed, and says each thing that it knows to be done on a line of its own,
 * synchronously: what was said was done. Arguments: the queue's URL, and the first number to publish.
 */
export interface Said {
  readonly what: 'published' | 'received' | 'acking' | 'acked';
  readonly ids: readonly number[];
  readonly attempts?: readonly number[];
}

const { queue } = await openBytes(new URL(process.argv[2] as string));
let nextId = Number(process.argv[3]);
writeSync(1, '\n');

for (const size of [1, 1, 1, 1, 20, 700, 1500]) void publishFor(size);
void consume();

async function publishFor(size: number): Promise<never> {
  for (;;) {
    const ids = Array.from({ length: size }, () => nextId++);
    const messages = ids.map((id) => ({ key: `key ${id % 3}`, body: Buffer.from(`${id}`), headers: noHeaders }));
    const outcome = await outcomeOf(queue.publish(messages));
    if (outcome.ok) say({ what: 'published', ids });
  }
}

async function consume(): Promise<void> {
  for (let round = 0; ; round++) {
    const deliveries = await queue.receive(1000);
    say({ what: 'received', ids: deliveries.map(idOf), attempts: deliveries.map(({ attempt }) => attempt) });
    // Two lanes; now and then one is behind, so that blocks are settled in part.
    for (const lane of [0, 1]) if (round % 4 > lane) void ack(deliveries.filter((_, i) => i % 2 === lane));
  }
}

async function ack(deliveries: readonly Delivery<Uint8Array>[]): Promise<void> {
  const ids = deliveries.map(idOf);
  say({ what: 'acking', ids });
  await queue.ack(deliveries);
  say({ what: 'acked', ids });
}

function idOf({ body }: Delivery<Uint8Array>): number {
  return Number(Buffer.from(body).toString());
}

function say(said: Said): void {
  writeSync(1, `${JSON.stringify(said)}\n`);
}
