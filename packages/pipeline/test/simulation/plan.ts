import { NEVER, type ProductEvent, type ProductRecord, versionOf } from '@product-updates/domain';
import { CodedError, type ErrorCode } from '@product-updates/errors';
import { Undecodable } from '@product-updates/queue';
import type { IncomingBody, PipelineOptions } from '@product-updates/pipeline';
import type { Random } from './random.ts';

export const START_MS: number = Date.UTC(2026, 0, 1);

/** From `fromMs` to below `toMs` something is down. */
export interface Window {
  readonly fromMs: number;
  readonly toMs: number;
}
/**
 * `down`: writes and pings fail, `uncoded` with errors that no adapter gave a code; `hanging`: pings never answer; `silent`:
 * answers pings but takes no writes.
 */
export type StoreOutage = Window & { readonly kind: 'down' | 'uncoded' | 'hanging' | 'silent' | 'misconfigured' };

/** How likely each call goes wrong, from 0 to 1. */
export interface Rates {
  readonly delay: number;
  readonly publish: number;
  readonly receive: number;
  readonly apply: number;
  readonly ack: number;
  readonly sink: number;
  /** Of each ack: that one delivery is handed out again while we hold it. */
  readonly lease: number;
}

type FaultCode = ErrorCode | 'bug' | 'killer';

/** All that a seed decides before the run: the world, what is asked of it, and what goes wrong in it. */
export interface Plan {
  readonly seed: number;
  readonly options: Pick<PipelineOptions, 'lanes' | 'batchMax' | 'retry'> & { readonly window: number };
  readonly processes: number;
  readonly capacity: number;
  readonly deadLetterMax: number;
  /** What each publisher sends, in order. */
  readonly publishers: readonly (readonly IncomingBody[])[];
  readonly rates: Rates;
  readonly storeOutages: readonly StoreOutage[];
  readonly sinkOutages: readonly Window[];
  readonly queueOutages: readonly Window[];
  /** When a process is killed, or asked to drain within a deadline, since the start. */
  readonly ends: readonly { readonly atMs: number; readonly deadlineMs: number | 'kill' }[];
  /** Whether a letter may be written of it: outages, busy products, delays and lost answers must write none. */
  mayDeadLetter(event: ProductEvent): boolean;
  /**
   * Whether nothing goes wrong but that products are busy: then the others must be settled within `FLOW_MS`. A write that
   * meets a busy one waits `LOCK_MS` for it.
   */
  readonly onlyBusy: boolean;
  /** Whether others hold a lock on it. */
  isBusy(product_id: string, sinceMs: number): boolean;
  /** What the store says of these records, `undefined` when it takes them. */
  faultOf(records: readonly ProductRecord[], sinceMs: number): FaultCode | undefined;
}

export const LOCK_MS = 400;
export const FLOW_MS = 3500;

export function planOf(seed: number, random: Random): Plan {
  return random.chance(0.1) ? busyPlan(seed, random) : badDay(seed, random);
}

/** Nothing goes wrong but that others hold locks, for a while, on one product or two of many. */
function busyPlan(seed: number, random: Random): Plan {
  const products = Array.from({ length: random.int(5, 40) }, (_, i) => `p${i}`);
  const events = createEvents(random, products);
  const bodies = Array.from({ length: random.int(20, 80) }, () => events.next());
  const busy = new Map(products.slice(0, random.int(1, 2)).map((id) => [id, random.int(1000, 28_000)]));
  return {
    ...badDay(seed, random),
    options: {
      lanes: random.int(1, 4),
      batchMax: random.int(5, 50),
      window: 1000,
      retry: { attempts: random.int(1, 3), baseMs: random.int(1, 200), maxMs: random.int(200, 2000) },
    },
    capacity: 1000,
    publishers: deal(random, bodies),
    rates: { ...noRates, delay: random.next() * 0.3 },
    storeOutages: [],
    sinkOutages: [],
    queueOutages: [],
    ends: [],
    mayDeadLetter: () => false,
    onlyBusy: true,
    isBusy: (product_id, sinceMs) => sinceMs < (busy.get(product_id) ?? 0),
    faultOf: () => undefined,
  };
}

function badDay(seed: number, random: Random): Plan {
  const calm = random.chance(0.3);
  const products = Array.from({ length: random.int(1, 12) }, (_, i) => `p${i}`);
  const events = createEvents(random, products);
  const bodies: IncomingBody[] = Array.from({ length: random.int(5, 80) }, () => events.next());
  const faults = createFaults(random, calm, bodies, products);
  const undecodables = calm ? 0 : random.int(-2, 2);
  for (let i = 0; i < undecodables; i += 1) bodies.splice(random.int(0, bodies.length), 0, undecodable(seed, i));

  const lanes = random.int(1, 5);
  const batchMax = random.int(1, 20);
  const rates = ratesOf(random, calm);
  return {
    seed,
    options: {
      lanes,
      batchMax,
      window: random.int(1, lanes * batchMax * 4),
      retry: { attempts: random.int(1, 4), baseMs: random.int(1, 200), maxMs: random.int(200, 2000) },
    },
    processes: random.chance(0.2) ? 2 : 1,
    capacity: random.int(5, 100),
    deadLetterMax: random.chance(0.2) ? random.int(1, 3) : 1000,
    publishers: deal(random, bodies),
    rates,
    storeOutages: windows(random).map((window) => ({
      ...window,
      kind: calm
        ? random.pick(['down', 'uncoded', 'hanging', 'misconfigured'] as const)
        : random.pick(['down', 'uncoded', 'hanging', 'silent', 'misconfigured'] as const),
    })),
    sinkOutages: windows(random),
    queueOutages: windows(random),
    ends: Array.from({ length: Math.max(0, random.int(-2, 2)) }, () => ({
      atMs: random.int(1, 6000),
      deadlineMs: random.chance(0.5) ? ('kill' as const) : random.int(0, 1500),
    })),
    onlyBusy: false,
    ...faults,
  };
}

const noRates: Rates = { delay: 0, publish: 0, receive: 0, apply: 0, ack: 0, sink: 0, lease: 0 };

function ratesOf(random: Random, calm: boolean): Rates {
  const rate = (most: number): number => (random.chance(0.4) ? random.next() * most : 0);
  return {
    delay: random.next() * 0.6,
    publish: rate(0.3),
    receive: rate(0.2),
    apply: calm ? 0 : rate(0.3),
    ack: rate(0.3),
    sink: rate(0.3),
    lease: rate(0.1),
  };
}

function windows(random: Random): Window[] {
  if (!random.chance(0.3)) return [];
  const fromMs = random.int(0, 4000);
  return [{ fromMs, toMs: fromMs + random.int(1, 8000) }];
}

/** In the order given, to one to three publishers. */
function deal(random: Random, bodies: readonly IncomingBody[]): IncomingBody[][] {
  const hands: IncomingBody[][] = Array.from({ length: random.int(1, 3) }, () => []);
  for (const body of bodies) random.pick(hands).push(body);
  return hands;
}

function createEvents(random: Random, products: readonly string[]): { next(): ProductEvent } {
  let count = 0;
  let at = 0;
  return {
    next() {
      count += 1;
      at += random.int(0, 2);
      // Now and then older, or of the very same time as another: only the merge decides then.
      const version = versionOf(START_MS, random.chance(0.2) ? random.int(0, at) : at);
      const fields = random.pick(['p', 's', 'ps'] as const);
      const value = random.int(0, 3);
      return {
        product_id: random.pick(products),
        price: fields === 's' ? null : value,
        price_version: fields === 's' ? NEVER : version,
        stock: fields === 'p' ? null : value,
        stock_version: fields === 'p' ? NEVER : version,
        event_id: `e${count}`,
        accepted_at: START_MS,
        replays: 0,
      };
    },
  };
}

function undecodable(seed: number, index: number): Undecodable {
  return new Undecodable(Uint8Array.of(index, seed & 255), new CodedError('undecodable', 'noise'));
}

/** Some events are poison for good, some products cannot be written for a while. */
function createFaults(
  random: Random,
  calm: boolean,
  bodies: readonly IncomingBody[],
  products: readonly string[],
): Pick<Plan, 'faultOf' | 'isBusy' | 'mayDeadLetter'> {
  const poison = new Map<string, FaultCode>();
  const broken = new Map<string, number>();
  const busy = new Map<string, number>();
  if (!calm) {
    const killers = random.chance(0.2);
    for (const body of bodies) {
      if (body instanceof Undecodable || !random.chance(0.04)) continue;
      const code = killers && random.chance(0.3) ? 'killer' : random.pick(['invalid', 'bug'] as const);
      for (const key of keysOf(body)) poison.set(key, code);
    }
    for (const product_id of products) {
      if (random.chance(0.08)) random.pick([broken, busy]).set(product_id, random.int(0, 25_000));
    }
  }
  const isWithin = (until: ReadonlyMap<string, number>, product_id: string, sinceMs: number): boolean =>
    sinceMs < (until.get(product_id) ?? 0);
  return {
    // What kills its process over and over may take along what other lanes have not acked by then.
    mayDeadLetter: (event) =>
      broken.has(event.product_id) ||
      keysOf(event).some((key) => poison.has(key)) ||
      [...poison.values()].includes('killer'),
    isBusy: (product_id, sinceMs) => isWithin(busy, product_id, sinceMs),
    faultOf(records, sinceMs) {
      if (poison.size + broken.size === 0) return undefined;
      for (const record of records) {
        if (isWithin(broken, record.product_id, sinceMs)) return 'bug';
        for (const key of keysOf(record)) {
          const code = poison.get(key);
          if (code !== undefined) return code;
        }
      }
      return undefined;
    },
  };
}

function keysOf(record: ProductRecord): string[] {
  const { product_id, price, price_version, stock, stock_version } = record;
  const keys: string[] = [];
  if (price !== null) keys.push(`${product_id} p ${price_version} ${price}`);
  if (stock !== null) keys.push(`${product_id} s ${stock_version} ${stock}`);
  return keys;
}
