import type { Agent } from 'node:http';
import { setTimeout as wait } from 'node:timers/promises';
import { ask } from '../client.ts';
import type { Clients } from './clients.ts';
import type { Ledger, Shown } from './ledger.ts';

/** A queue that is not empty by then has a fault. */
const SETTLE_MS = 180_000;
const CHUNK = 100;
const AT_ONCE = 8;

export interface Examined {
  readonly agent: Agent;
  readonly url: string;
  readonly clients: Clients;
  readonly ledger: Ledger;
}

/**
 * Hushes the clients, waits until nothing waits, and holds every product, the dead letters and the fates of some that were
 * accepted since the last time against the ledger. Answers what is wrong.
 */
export async function examine({ agent, url, clients, ledger }: Examined, mostFates: number): Promise<string[]> {
  await clients.hush();
  const faults = [...clients.wrong];
  const waiting = await untilEmpty(agent, url);
  if (waiting > 0) faults.push(`${waiting} updates still wait after ${SETTLE_MS} ms`);
  faults.push(...(await faultsOfProducts(agent, url, ledger)));
  const letters = await get<{ items: unknown[] }>(agent, `${url}/dead-letters?limit=1`);
  if (letters.items.length > 0) faults.push(`a dead letter: ${JSON.stringify(letters.items)}`);
  faults.push(...(await faultsOfFates(agent, url, ledger, mostFates)));
  return faults;
}

/** Answers how many updates were left at the end of its patience. */
async function untilEmpty(agent: Agent, url: string): Promise<number> {
  const deadline = performance.now() + SETTLE_MS;
  for (;;) {
    const { depth } = await get<{ depth: number }>(agent, `${url}/queue`);
    if (depth === 0 || performance.now() > deadline) return depth;
    await wait(5);
  }
}

async function faultsOfProducts(agent: Agent, url: string, ledger: Ledger): Promise<string[]> {
  const faults: string[] = [];
  const ids = ledger.products;
  for (let at = 0; at < ids.length; at += CHUNK) {
    const chunk = ids.slice(at, at + CHUNK);
    const query = new URLSearchParams(chunk.map((id): [string, string] => ['id', id]));
    const { items } = await get<{ items: Shown[] }>(agent, `${url}/products?${query.toString()}`);
    const shown = new Map(items.map((item) => [item.product_id, item]));
    faults.push(...chunk.flatMap((id) => ledger.faultOf(id, shown.get(id)) ?? []));
  }
  return faults;
}

/** The last ones are those that a kill is most likely to have lost. */
async function faultsOfFates(agent: Agent, url: string, ledger: Ledger, most: number): Promise<string[]> {
  const faults: string[] = [];
  const sample = ledger.takeFresh().slice(-most);
  for (let at = 0; at < sample.length; at += AT_ONCE) {
    const some = sample.slice(at, at + AT_ONCE);
    const fates = await Promise.all(
      some.map(({ product_id, event_id }) =>
        get<{ status: string }>(agent, `${url}/products/${product_id}/events/${event_id}`),
      ),
    );
    for (const [i, { status }] of fates.entries()) {
      if (status === 'applied' || status === 'superseded') continue;
      faults.push(`${some[i]?.product_id}: the fate of ${some[i]?.event_id} is ${status}`);
    }
  }
  return faults;
}

export async function isReady(agent: Agent, url: string): Promise<boolean> {
  const answer = await ask(agent, `${url}/readyz`).catch(() => undefined);
  return answer?.status === 200;
}

async function get<T>(agent: Agent, url: string): Promise<T> {
  const { status, body } = await ask(agent, url);
  if (status !== 200) throw new Error(`GET ${url.slice(0, 200)}: ${status} ${body}`);
  return JSON.parse(body) as T;
}
