import {
  createEventCodec,
  createPackedEventCodec,
  createStamper,
  createVersionClock,
  MAX_UPDATES,
} from '@product-updates/domain';
import { createHttpApp } from '@product-updates/http';
import { startPipeline, type Pipeline, type PipelineOptions } from '@product-updates/pipeline';
import { systemClock, type Clock, type Durability, type Queue } from '@product-updates/queue';
import type { Store } from '@product-updates/repository';
import { createTelemetry, failure, type Log, type Telemetry } from '@product-updates/telemetry';
import type { Config } from './config.ts';
import {
  checkDurability,
  checkSchemes,
  isQueueShared,
  naming,
  openers as allOpeners,
  openQueue,
  openStore,
  type Openers,
} from './open.ts';
import { createShutdown, type Shutdown } from './shutdown.ts';
import { sayStarted } from './start-line.ts';
import { listenEarly } from './starting.ts';
import { version } from './version.ts';
import { versionsStart } from './versions-start.ts';

/** How a shutdown ended. */
export interface Stopped {
  /** Whether everything that this process took was brought home: what is left then waits in a queue that outlives it. */
  readonly drained: boolean;
  /** Accepted updates that are not applied; `null` where nobody could tell in time. */
  readonly left: number | null;
  /** Where those are now. */
  readonly where: string;
  /** Updates that this process accepted and settled; in memory accepted = settled + left. */
  readonly accepted: number;
  readonly settled: number;
}

export interface Service {
  readonly url: string;
  readonly log: Log;
  /** Resolves when the service has stopped, whoever asked; rejects if it broke down. */
  readonly stopped: Promise<Stopped>;
  /**
   * Stops in this order: readiness 503, accept no more, finish the requests, close the queue, empty the lanes, close the
   * store. Whoever is in a `hurry`, also after having asked before, gets what can be had at once.
   */
  stop(options?: { readonly hurry?: boolean }): Promise<Stopped>;
}

export interface ServiceOptions {
  /** Which schemes there are. */
  readonly openers?: Openers;
  readonly clock?: Clock;
  /** Takes the lines of the log; standard output where it is left out. */
  readonly write?: (line: string) => void;
}

type Left = Pick<Stopped, 'drained' | 'left' | 'where'>;

const unknown: Left = { drained: false, left: null, where: 'a part of the service did not stop in time' };

/** Past the deadline of a shutdown, how long to wait for those who should have ended by it. */
const GRACE_MS = 2000;

/** Rejects, with everything closed again, where it cannot start; `misconfigured` errors name the variable. */
export async function startService(config: Config, options: ServiceOptions = {}): Promise<Service> {
  const { openers = allOpeners, clock = systemClock, write } = options;
  const build = { version, node: process.version };
  const telemetry = createTelemetry({ level: config.logLevel, clock, build, write });
  const shutdown = createShutdown(clock, config.shutdownTimeoutMs);
  let drained: Left | undefined;
  let giveUp = (): void => {};
  const givenUp = new Promise<void>((resolve) => {
    giveUp = resolve;
  });
  shutdown.over.addEventListener('abort', () => clock.schedule(GRACE_MS, giveUp), { once: true });

  const { url, life } = await new Promise<{ url: string; life: Promise<void> }>((resolve, reject) => {
    const onListening = (url: string): void => resolve({ url, life });
    const onDrained = (left: Left): void => {
      drained = left;
      // What is left hangs in something that need not be waited for again.
      if (!left.drained) giveUp();
    };
    const life = live({ config, openers, clock, telemetry, shutdown, onListening, onDrained });
    life.catch(reject);
  });

  const closed = life.catch((error: unknown) => {
    if (drained === undefined) throw error;
    telemetry.log.error(failure(error), 'what was drained did not close well');
  });
  const stopped = Promise.race([closed, givenUp])
    .then(() => ({ ...(drained ?? unknown), ...telemetry.totals() }))
    .finally(() => {
      shutdown.settle();
      telemetry[Symbol.dispose]();
    });
  return {
    url,
    log: telemetry.log,
    stopped,
    stop({ hurry = false } = {}) {
      if (hurry) shutdown.hurry();
      else shutdown.ask();
      return stopped;
    },
  };
}

interface LifeOptions {
  readonly config: Config;
  readonly openers: Openers;
  readonly clock: Clock;
  readonly telemetry: Telemetry;
  readonly shutdown: Shutdown;
  readonly onListening: (url: string) => void;
  readonly onDrained: (left: Left) => void;
}

interface Workers {
  readonly config: Config;
  readonly queue: PipelineOptions['consumer'];
  readonly store: Store;
  readonly clock: Clock;
  readonly observer: PipelineOptions['observer'];
}

/** The whole service from its start to its end. Read backwards, it is the shutdown. */
async function live({
  config,
  openers,
  clock,
  telemetry,
  shutdown,
  onListening,
  onDrained,
}: LifeOptions): Promise<void> {
  const { httpObserver, log } = telemetry;
  const now = (): number => clock.now();

  checkSchemes(config, openers);
  const httpOptions = { ...config, maxBatch: MAX_UPDATES, version };
  await using server = await listenEarly({ config, httpOptions, clock, telemetry });

  const openedStore = await server.until('STORE_URL', () =>
    openStore(config, openers, { deadLetterMax: config.deadLetterMax, clock, environment: config.environment }),
  );
  await using store = openedStore.store;
  const highest = await server.until('STORE_URL', () => naming('STORE_URL', store.highestVersion()));
  const createCodec = isQueueShared(config, openers) ? createEventCodec : createPackedEventCodec;
  // Also where the wall clock was set back since: else events that were already accepted would look implausible.
  const codec = createCodec({ now, after: highest });
  const openedQueue = await server.until('QUEUE_URL', () => openQueue(config, openers, { codec, clock }));
  await using queue = openedQueue.queue;
  checkDurability(openedQueue, openedStore, config);
  const { depth, capacity } = await server.until('QUEUE_URL', () => naming('QUEUE_URL', queue.stats()));
  telemetry.recovered(depth);
  const versionClock = createVersionClock({ now, after: versionsStart(highest, now(), log) });

  await using pipeline =
    config.role === 'api' ? null : startWorkers({ config, queue, store, clock, observer: telemetry.pipelineObserver });
  const http = createHttpApp({
    publisher: queue,
    products: store.products,
    deadLetters: store.deadLetters,
    stamper: createStamper({ clock: versionClock, now }),
    clock,
    monotonicNow,
    queue,
    store,
    pipeline,
    durability: { queue: openedQueue.durability, store: openedStore.durability },
    observer: httpObserver,
    metrics: () => telemetry.metrics({ queue, store, deadLetters: store.deadLetters }),
    rates: () => telemetry.rates(),
    options: { ...httpOptions, maxBatch: Math.min(MAX_UPDATES, capacity ?? MAX_UPDATES) },
  });
  server.serve(http.app);

  sayStarted({ log, config, openedQueue, openedStore, url: server.url, recovered: depth });
  onListening(server.url);
  await shutdown.asked;

  log.info({}, 'stopping');
  http.drain();
  await server.close(shutdown.requestsOver);
  const held = (await pipeline?.drain({ signal: shutdown.over })) ?? 0;
  onDrained(await leftIn(queue, openedQueue.durability, held));
}

function startWorkers({ config, queue, store, clock, observer }: Workers): Pipeline {
  return startPipeline({
    consumer: queue,
    writer: store.products,
    deadLetters: store.deadLetters,
    ping: () => store.ping(),
    lanes: config.workers,
    batchMax: config.batchMax,
    retry: config.retry,
    clock,
    observer,
  });
}

/** A queue in memory takes along what waits in it; of any other, what this process held is back where it was. */
async function leftIn(queue: Pick<Queue<unknown>, 'stats'>, durability: Durability, held: number): Promise<Left> {
  if (durability === 'none') {
    const { depth } = await queue.stats();
    return { drained: depth === 0, left: depth, where: 'in the memory of this process, gone with it' };
  }
  const where = 'in the queue, for the next process';
  const left = await queue.stats().then(
    ({ depth }) => depth,
    // Its server may be what is missing: then what this process held is all that it knows of.
    () => held,
  );
  return { drained: held === 0, left, where };
}

/** Durations are whole milliseconds otherwise, and wrong when the wall clock steps. */
function monotonicNow(): number {
  // oxlint-disable-next-line no-restricted-properties -- this is where time is handed in
  return performance.now();
}
