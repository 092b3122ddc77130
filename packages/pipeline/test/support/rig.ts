import type { ProductEvent, ProductRecord } from '@product-updates/domain';
import { CodedError, type ErrorCode } from '@product-updates/errors';
import { createMemoryQueue, type Queue, type Undecodable } from '@product-updates/queue';
import { createVirtualClock, type VirtualClock } from '@product-updates/queue/contract';
import { createMemoryStore, type DeadLetter, type Store } from '@product-updates/repository';
import { type Pipeline, type PipelineObserver, type PipelineOptions, startPipeline } from '@product-updates/pipeline';
import { messageOf, START_MS } from './events.ts';

type Fault = Error | undefined | Promise<Error | undefined>;

/** What goes wrong: asked before each call, an answer is what the call rejects with. Change them at any time. */
export interface Faults {
  apply: (records: readonly ProductRecord[]) => Fault;
  /** Asked after the effect. */
  applied: (records: readonly ProductRecord[]) => Fault;
  ping: () => Fault;
  add: (letter: DeadLetter) => Fault;
  ack: () => Fault;
  nack: () => Fault;
  receive: () => Fault;
  /** Asked after it took what it answers. */
  received: () => Fault;
}

/** What the pipeline told and did. */
export interface Seen {
  applies: { atMs: number; ids: string[] }[];
  pings: number[];
  adds: number[];
  acks: { atMs: number; count: number }[];
  receives: number[];
  /** Event ids by outcome. */
  settled: { applied: string[]; superseded: string[]; dead_lettered: string[] };
  settledAtMs: number[];
  applied: number[];
  retried: { ids: string[]; reason: string; attempt: number; delayMs: number; error: string }[];
  letters: DeadLetter[];
  held: { reason: string; error: string }[];
  released: { reason: string; heldMs: number }[];
  failed: { what: string; error: unknown }[];
  received: number;
}

export interface Rig {
  readonly clock: VirtualClock;
  readonly queue: Queue<ProductEvent | Undecodable>;
  readonly store: Store;
  readonly faults: Faults;
  readonly seen: Seen;
  readonly pipeline: Pipeline;
  publish(...events: ProductEvent[]): Promise<void>;
  letters(): Promise<readonly DeadLetter[]>;
  prices(...ids: string[]): Promise<(number | null | undefined)[]>;
  depth(): Promise<number>;
}

export function failure(code: ErrorCode | 'bug', message = `${code} on purpose`): Error {
  return code === 'bug' ? new TypeError(message) : new CodedError(code, message);
}

export interface RigOptions extends Partial<
  Pick<PipelineOptions, 'lanes' | 'batchMax' | 'window' | 'retry' | 'random'>
> {
  readonly deadLetterMax?: number;
  readonly queue?: Queue<ProductEvent | Undecodable>;
  readonly clock?: VirtualClock;
  readonly observer?: Partial<PipelineObserver>;
}

/** A pipeline between a memory queue and a memory store under a virtual clock, each call of theirs able to fail. */
export function createRig(options: RigOptions = {}): Rig {
  const clock = options.clock ?? createVirtualClock({ startMs: START_MS });
  const queue = options.queue ?? createMemoryQueue<ProductEvent | Undecodable>({ capacity: 10_000, clock });
  const { deadLetterMax } = options;
  const store = createMemoryStore(deadLetterMax === undefined ? {} : { deadLetterMax });
  const none = (): undefined => undefined;
  const faults: Faults = {
    apply: none,
    applied: none,
    ping: none,
    add: none,
    ack: none,
    nack: none,
    receive: none,
    received: none,
  };
  const seen = nothingSeen();
  const { lanes = 1, batchMax = 500, window, retry = { attempts: 3, baseMs: 100, maxMs: 1000 } } = options;
  const pipeline = startPipeline({
    ...wrap({ clock, queue, store, faults, seen }),
    lanes,
    batchMax,
    ...(window === undefined ? {} : { window }),
    retry,
    clock,
    random: options.random ?? ((): number => 0.5),
    observer: { ...recorder(seen), ...options.observer },
  });
  return {
    clock,
    queue,
    store,
    faults,
    seen,
    pipeline,
    publish: (...events) => queue.publish(events.map(messageOf)),
    letters: () => store.deadLetters.list({ limit: 100_000 }),
    prices: async (...ids) => (await store.products.getMany(ids)).map((record) => record?.price),
    depth: async () => (await queue.stats()).depth,
  };
}

async function orFail(fault: Fault): Promise<void> {
  const error = await fault;
  if (error !== undefined) throw error;
}

function wrap({
  clock,
  queue,
  store,
  faults,
  seen,
}: Pick<Rig, 'clock' | 'queue' | 'store' | 'faults' | 'seen'>): Pick<
  PipelineOptions,
  'consumer' | 'writer' | 'deadLetters' | 'ping'
> {
  return {
    consumer: {
      async receive(max, abortable) {
        seen.receives.push(clock.now());
        await orFail(faults.receive());
        const deliveries = await queue.receive(max, abortable);
        await orFail(faults.received());
        return deliveries;
      },
      async ack(deliveries) {
        seen.acks.push({ atMs: clock.now(), count: deliveries.length });
        await orFail(faults.ack());
        await queue.ack(deliveries);
      },
      async nack(deliveries) {
        await orFail(faults.nack());
        await queue.nack(deliveries);
      },
      close: () => queue.close(),
    },
    writer: {
      async apply(records) {
        seen.applies.push({ atMs: clock.now(), ids: records.map((record) => record.product_id) });
        await orFail(faults.apply(records));
        const changed = await store.products.apply(records);
        await orFail(faults.applied(records));
        return changed;
      },
    },
    deadLetters: {
      async add(letter) {
        seen.adds.push(clock.now());
        await orFail(faults.add(letter));
        await store.deadLetters.add(letter);
      },
    },
    async ping() {
      seen.pings.push(clock.now());
      await orFail(faults.ping());
      await store.ping();
    },
  };
}

function nothingSeen(): Seen {
  return {
    applies: [],
    pings: [],
    adds: [],
    acks: [],
    receives: [],
    settled: { applied: [], superseded: [], dead_lettered: [] },
    settledAtMs: [],
    applied: [],
    retried: [],
    letters: [],
    held: [],
    released: [],
    failed: [],
    received: 0,
  };
}

function recorder(seen: Seen): PipelineObserver {
  const idOf = ({ body, key }: { body: ProductEvent | Undecodable; key: string }): string =>
    'event_id' in body ? body.event_id : key;
  return {
    received: (deliveries) => void (seen.received += deliveries.length),
    applied: (records) => void seen.applied.push(records),
    settled(deliveries, outcome, atMs) {
      seen.settled[outcome].push(...deliveries.map(idOf));
      seen.settledAtMs.push(atMs);
    },
    retried: (deliveries, reason, attempt, delayMs, error) =>
      void seen.retried.push({ ids: deliveries.map(idOf), reason, attempt, delayMs, error }),
    deadLettered: (letter) => void seen.letters.push(letter),
    held: (reason, error) => void seen.held.push({ reason, error }),
    released: (reason, heldMs) => void seen.released.push({ reason, heldMs }),
    failed: (what, error) => void seen.failed.push({ what, error }),
  };
}
