import { errorCodes } from '@product-updates/errors';
import { createHistogram, type Histogram } from './histogram.ts';
import { createRateWindow, type RateWindow } from './rate-window.ts';
import { createRouteTimes, type RouteTimes } from './route-times.ts';
import { createCount, createTally, type Count, type Tally } from './tally.ts';

/** Where an update ends. */
export const outcomes = ['applied', 'superseded', 'dead_lettered'] as const;
export type Outcome = (typeof outcomes)[number];

/** Why an update was not taken. */
export const refusalReasons = [
  'invalid',
  'malformed',
  'too_large',
  'unsupported_media_type',
  'unauthorized',
  'forbidden',
  'rate_limited',
  'body_memory',
  'queue_full',
  'queue_unavailable',
  'starting',
  'draining',
  'timeout',
] as const;

/** Why an update is tried again: the code of the error, `bug` where it has none. */
export const retryReasons: readonly [...typeof errorCodes, 'bug'] = [...errorCodes, 'bug'] as const;

/** The numbers behind the metrics: plain, in memory, only ever added to by the observers and read at a scrape. */
export interface Counters {
  readonly accepted: Count;
  readonly recovered: Count;
  readonly redelivered: Count;
  readonly droppedLines: Count;
  readonly refused: Tally<(typeof refusalReasons)[number]>;
  readonly settled: Tally<Outcome>;
  readonly retried: Tally<(typeof retryReasons)[number]>;
  readonly applySeconds: Histogram;
  readonly applyRecords: Histogram;
  readonly endToEndSeconds: Histogram;
  readonly routeSeconds: RouteTimes;
  readonly acceptedRate: RateWindow;
  readonly settledRate: RateWindow;
  /** When deliveries last came in, milliseconds since the epoch; 0 = never. */
  readonly lastReceive: { ms: number };
}

export function createCounters(startMs: number): Counters {
  return {
    accepted: createCount(),
    recovered: createCount(),
    redelivered: createCount(),
    droppedLines: createCount(),
    refused: createTally(refusalReasons, 'invalid'),
    settled: createTally(outcomes, 'superseded'),
    retried: createTally(retryReasons, 'bug'),
    applySeconds: createHistogram([0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10]),
    applyRecords: createHistogram([1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10_000, 20_000]),
    endToEndSeconds: createHistogram([
      0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 1800,
    ]),
    routeSeconds: createRouteTimes(),
    acceptedRate: createRateWindow(startMs),
    settledRate: createRateWindow(startMs),
    lastReceive: { ms: 0 },
  };
}
