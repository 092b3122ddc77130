import { CodedError, describe } from '@product-updates/errors';
import {
  createHttpServer,
  createStartingApp,
  type HttpApp,
  type HttpOptions,
  type PipelineView,
} from '@product-updates/http';
import type { Clock } from '@product-updates/queue';
import type { Telemetry } from '@product-updates/telemetry';
import type { Config } from './config.ts';
import { listen, type Listening } from './listen.ts';
import { createWaiting, type Awaited, type Waiting, type WaitingFor } from './waiting.ts';

/** A server that listens from the beginning of the start, when there is nothing to serve yet. */
export interface EarlyServer extends Listening {
  /** As `Waiting.until`; while it waits, whoever asks the server is told what for. */
  readonly until: Waiting['until'];
}

export interface EarlyServerOptions {
  readonly config: Config;
  readonly httpOptions: HttpOptions;
  readonly clock: Clock;
  readonly telemetry: Telemetry;
}

/**
 * Requests wait until `serve` is called, at most a second and only as long as nothing has failed; then, until it is, they
 * are told what the start waits for. Rejects as `listen`.
 */
export async function listenEarly(options: EarlyServerOptions): Promise<EarlyServer> {
  const { config, clock, telemetry } = options;
  // Behind a proxy all clients come from its address.
  const limits = config.trustProxy > 0 ? { maxConnectionsPerAddress: 0 } : {};
  const httpServer = createHttpServer(null, { ...limits, observer: telemetry.httpObserver });
  const server = await listen(httpServer, config);
  const onLong = (): void => server.serve(startingApp(options, waiting));
  const waiting = createWaiting({ clock, log: telemetry.log, onLong });
  return {
    ...server,
    until: waiting.until,
    serve(app) {
      waiting.end();
      server.serve(app);
    },
    [Symbol.asyncDispose]() {
      waiting.end();
      return server[Symbol.asyncDispose]();
    },
  };
}

/** The store is opened first, the queue after it. */
function startingApp(
  { config, httpOptions, clock, telemetry }: EarlyServerOptions,
  waiting: Pick<Waiting, 'now'>,
): HttpApp['app'] {
  const ping = (variable: Awaited) => (): Promise<void> => {
    const { now } = waiting;
    if (now.variable === variable) return Promise.reject(faultOf(now));
    if (variable === 'QUEUE_URL') return Promise.reject(notYet(`${variable} waits for ${now.variable}`));
    return Promise.resolve();
  };
  const store = { ping: ping('STORE_URL') };
  const queue = { ping: ping('QUEUE_URL'), stats: () => Promise.reject(notYet('the queue is not opened yet')) };
  const deadLetters = { count: () => Promise.reject(notYet('the store is not opened yet')) };
  return createStartingApp({
    store,
    queue,
    pipeline: config.role === 'api' ? null : { status: () => idleWorkers(waiting.now, config.workers) },
    durability: { queue: null, store: null },
    clock,
    observer: telemetry.httpObserver,
    metrics: () => telemetry.metrics({ queue, store, deadLetters }),
    waitsFor: () => waiting.now.variable,
    options: httpOptions,
  });
}

/** Workers that have nothing to take from, or nothing to write to. */
function idleWorkers(now: WaitingFor, lanes: number): PipelineView {
  const reason = now.variable === 'STORE_URL' ? 'store' : 'queue';
  const hold = { reason, since_ms: now.sinceMs, error: describe(faultOf(now)) };
  const workers = Array.from({ length: lanes }, () => ({ state: 'held' as const, since_ms: now.sinceMs }));
  const nothing = { retrying: null, holding: 0, window: 0, busy: 0, last_receive_ms: null };
  return { state: 'held', hold, lanes, workers, ...nothing };
}

function faultOf({ variable, error }: WaitingFor): Error {
  return error ?? notYet(`${variable} is being opened`);
}

function notYet(why: string): CodedError {
  return new CodedError('unavailable', why);
}
