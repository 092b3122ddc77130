import type { Clock } from '@product-updates/queue';
import { createCounters } from './counters.ts';
import { expose, nodeMetrics, type Exposition } from './exposition.ts';
import { createFloodGate } from './flood-gate.ts';
import { createHttpObserver, type HttpObserver } from './http-observer.ts';
import { createLog, type Log, type LogLevel } from './log.ts';
import { createPipelineObserver, type PipelineObserver } from './pipeline-observer.ts';
import { scrape, type Build, type MetricSources } from './scrape.ts';

/** Lines of one kind (dead letters, failures, replays) a second; the rest of that second is told in one line. */
const LINES_PER_SECOND = 10;
/** Of dropped connections, which go on for as long as somebody floods, one line for each reason in so long, and one that counts the rest. */
const DROPS_WINDOW_MS = 10_000;

export interface TelemetryOptions {
  readonly level: LogLevel;
  readonly clock: Clock;
  readonly build: Build;
  /** Takes each line of the log, with its line feed. Standard output where it is left out. */
  readonly write?: ((line: string) => void) | undefined;
}

/** Updates a second, averaged over the last ten seconds. */
export interface Rates {
  readonly accepted_per_second: number;
  readonly settled_per_second: number;
}

/** Updates since the start of this process. */
export interface Totals {
  readonly accepted: number;
  readonly settled: number;
}

/** Observers → counters → Prometheus text and JSON lines. Disposing it tells what the log still holds back. */
export interface Telemetry extends Disposable {
  readonly log: Log;
  readonly pipelineObserver: PipelineObserver;
  readonly httpObserver: HttpObserver;
  /** Never rejects because a source does: what cannot be asked is left out, and its `_up` is 0. */
  metrics(sources: MetricSources): Promise<Exposition>;
  rates(): Rates;
  totals(): Totals;
  /** Updates that an earlier process accepted and this one found in the queue at its start. */
  recovered(updates: number): void;
}

export function createTelemetry({ level, clock, build, write }: TelemetryOptions): Telemetry {
  const counters = createCounters(clock.now());
  const log = createLog({ level, clock, write, onDropped: () => counters.droppedLines.add(1) });
  const gate = createFloodGate({
    clock,
    lines: LINES_PER_SECOND,
    summarise: (kind, suppressed) =>
      log.warn({ kind, suppressed }, `${suppressed} more like "${kind}" within a second`),
  });
  const dropsGate = createFloodGate({
    clock,
    lines: 1,
    windowMs: DROPS_WINDOW_MS,
    summarise: (reason, connections) =>
      log.warn({ reason, connections }, 'more connections were closed so that others are served'),
  });
  nodeMetrics();
  return {
    log,
    pipelineObserver: createPipelineObserver({ counters, log, gate, clock }),
    httpObserver: createHttpObserver({ counters, log, gate, dropsGate, clock }),
    metrics: async (sources) => expose(await scrape({ counters, sources, clock, build })),
    rates: () => ({
      accepted_per_second: counters.acceptedRate.perSecond(clock.now()),
      settled_per_second: counters.settledRate.perSecond(clock.now()),
    }),
    totals: () => ({ accepted: counters.accepted.total(), settled: sumOf(counters.settled.entries()) }),
    recovered: (updates) => counters.recovered.add(updates),
    [Symbol.dispose]() {
      gate[Symbol.dispose]();
      dropsGate[Symbol.dispose]();
    },
  };
}

function sumOf(entries: readonly (readonly [string, number])[]): number {
  return entries.reduce((sum, [, count]) => sum + count, 0);
}
