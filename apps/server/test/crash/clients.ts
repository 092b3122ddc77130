import { Agent } from 'node:http';
import { setTimeout as wait } from 'node:timers/promises';
import type { ProductUpdate } from '@product-updates/domain';
import { createRandom, type Random } from '@product-updates/queue/contract';
import { ask, type Answer } from '../client.ts';
import type { Ledger } from './ledger.ts';

export interface Clients extends AsyncDisposable {
  /** No more is sent; resolves when every request has met its end. */
  hush(): Promise<void>;
  /** They send again. */
  resume(): void;
  /** Answers that no client should ever get. */
  readonly wrong: readonly string[];
}

export interface ClientOptions {
  readonly url: string;
  readonly ledger: Ledger;
  readonly seed: number;
  readonly count: number;
  readonly products: number;
  /** Up to how long each waits between two posts. */
  readonly pauseMs: number;
}

/** How long a client waits that was refused, cut or told to try later. */
const AGAIN_MS = 5;

/**
 * Clients that post one update or an array, one request after the other, and go on whatever happens to the server. They
 * begin hushed.
 */
export function startClients({ url, ledger, seed, count, products, pauseMs }: ClientOptions): Clients {
  const agent = new Agent({ keepAlive: true, maxSockets: count });
  const values = { next: 1 };
  const wrong: string[] = [];
  const atWork = new Set<Promise<void>>();
  let talking = false;
  let over = false;

  async function live(random: Random): Promise<void> {
    const make = createUpdates(random, values, products);
    let repeat: ProductUpdate[] | undefined;
    while (!over) {
      if (!talking) {
        await wait(1);
        continue;
      }
      const updates = repeat ?? make();
      const posting = post(updates);
      const known = posting.then(() => {});
      atWork.add(known);
      const answered = await posting;
      atWork.delete(known);
      // Many repeat what was not answered, some also what was.
      repeat = random.int(100) < (answered ? 3 : 50) ? updates : undefined;
      if (!answered) await wait(AGAIN_MS);
      else if (pauseMs > 0) await wait(random.int(pauseMs));
    }
  }

  /** Whether it was accepted. */
  async function post(updates: ProductUpdate[]): Promise<boolean> {
    const [first] = updates;
    const json = updates.length === 1 ? first : updates;
    const answer = await ask(agent, `${url}/events`, { method: 'POST', json }).catch(
      (error: unknown) => error as Error,
    );
    if (isNoAnswer(answer) || answer.status === 503) {
      // What was never connected was never sent.
      if (!isRefused(answer)) ledger.leaveOpen(updates, Date.now());
      return false;
    }
    if (answer.status !== 202) wrong.push(`${answer.status} ${answer.body} to ${JSON.stringify(json).slice(0, 500)}`);
    else ledger.accept(updates, eventIdsIn(answer));
    return true;
  }

  const lives = Array.from({ length: count }, (_, n) => live(createRandom(seed * 1000 + n)));
  return {
    wrong,
    async hush() {
      talking = false;
      await Promise.all(atWork);
    },
    resume() {
      talking = true;
    },
    async [Symbol.asyncDispose]() {
      over = true;
      await Promise.all(lives);
      agent.destroy();
    },
  };
}

/**
 * Every value is sent for one update alone, so that what is shown tells which it was. A third has a time of its own, up to
 * ten seconds ago; an array often has several of one product, and of one time.
 */
function createUpdates(random: Random, values: { next: number }, products: number): () => ProductUpdate[] {
  function one(occurredAt: string | undefined): ProductUpdate {
    const value = values.next++;
    const sets = random.int(3);
    return {
      product_id: `p${random.int(products)}`,
      ...(sets === 0 ? {} : { price: value / 100 }),
      ...(sets === 1 ? {} : { stock: value }),
      ...(occurredAt === undefined ? {} : { occurred_at: occurredAt }),
    };
  }
  return () => {
    const size = random.int(4) > 0 ? 1 : 2 + random.int(random.int(10) === 0 ? 300 : 20);
    const time = random.int(3) > 0 ? undefined : new Date(Date.now() - random.int(10_000)).toISOString();
    return Array.from({ length: size }, () => one(random.int(5) === 0 ? undefined : time));
  };
}

function isNoAnswer(answer: Answer | Error): answer is Error {
  return answer instanceof Error;
}

function isRefused(answer: Answer | Error): boolean {
  return (answer as { code?: string }).code === 'ECONNREFUSED';
}

function eventIdsIn({ body }: Answer): string[] {
  const { event_id, event_ids } = JSON.parse(body) as { event_id?: string; event_ids?: string[] };
  return event_ids ?? (event_id === undefined ? [] : [event_id]);
}
