import type { Clock, Queue, QueueStats } from '@product-updates/queue';
import type { Counters } from './counters.ts';
import { counter, counterBy, gauge, histogram, type Family } from './families.ts';

/** What a scrape asks beside the counters. Each is given `ASK_MS` to answer; what does not answer is left out, or down. */
export interface MetricSources {
  readonly queue: Pick<Queue<unknown>, 'stats' | 'ping'>;
  readonly store: { ping(): Promise<void> };
  readonly deadLetters: { count(): Promise<number> };
}

export interface Build {
  readonly version: string;
  readonly node: string;
}

export interface ScrapeOptions {
  readonly counters: Counters;
  readonly sources: MetricSources;
  readonly clock: Clock;
  readonly build: Build;
}

const ASK_MS = 2000;

/**
 * All metrics of the service at one moment. The depth and the counters are taken in one synchronous step at the start
 * of a turn of the event loop, when no promise of the last turn is half-way: so with a queue in memory
 * accepted = settled + depth, exactly, at every scrape under any load.
 */
export async function scrape({ counters, sources, clock, build }: ScrapeOptions): Promise<readonly Family[]> {
  const { stats, taken } = await new Promise<{ stats: Promise<QueueStats>; taken: Family[] }>((resolve) => {
    setImmediate(() => resolve({ stats: started(() => sources.queue.stats()), taken: countersNow(counters) }));
  });
  const [queue, queueUp, storeUp, letters] = await Promise.all([
    answer(stats, clock),
    answersAtAll(
      started(() => sources.queue.ping()),
      clock,
    ),
    answersAtAll(
      started(() => sources.store.ping()),
      clock,
    ),
    answer(
      started(() => sources.deadLetters.count()),
      clock,
    ),
  ]);
  return [
    ...taken,
    gauge('queue_depth', 'Updates in the queue that are not settled: waiting and unacked.', queue?.depth ?? null),
    gauge('queue_capacity', 'What the depth is bounded by.', queue?.capacity ?? null),
    gauge(
      'queue_unacked',
      'Updates that this process took from the queue and has not settled.',
      queue?.unacked ?? null,
    ),
    gauge(
      'queue_oldest_timestamp_seconds',
      'When the oldest update in the queue was published; absent where the queue is empty or cannot tell.',
      secondsOf(queue?.oldestMs ?? null),
    ),
    gauge('dead_letters', 'Updates that could not be applied and wait for a person.', letters ?? null),
    gauge('queue_up', 'Whether the queue answers: 1 or 0.', queueUp ? 1 : 0),
    gauge('store_up', 'Whether the store answers: 1 or 0.', storeUp ? 1 : 0),
    gauge('build_info', 'Always 1; what runs is in the labels.', 1, { ...build }),
  ];
}

/** Synchronous: everything in here belongs to the same moment. */
function countersNow(counters: Counters): Family[] {
  const { accepted, recovered, redelivered, refused, settled, retried, droppedLines, lastReceive } = counters;
  return [
    counter(
      'events_accepted_total',
      'Updates that the queue took responsibility for, replays included.',
      accepted.total(),
    ),
    counterBy('events_refused_total', 'Updates that were not taken, by reason.', 'reason', refused.entries()),
    counterBy('events_settled_total', 'Updates that were acknowledged, by outcome.', 'outcome', settled.entries()),
    counterBy('retries_total', 'Updates given back to be tried again, by reason.', 'reason', retried.entries()),
    counter('recovered_total', 'Updates found waiting in the queue when this process started.', recovered.total()),
    counter('redelivered_total', 'Updates that the queue handed out more than once.', redelivered.total()),
    counter(
      'log_lines_dropped_total',
      'Lines of the log that could not be written: a full disk, a reader that is gone or reads nothing.',
      droppedLines.total(),
    ),
    gauge(
      'last_receive_timestamp_seconds',
      'When updates last came out of the queue; absent before the first.',
      secondsOf(lastReceive.ms === 0 ? null : lastReceive.ms),
    ),
    histogram('apply_duration_seconds', 'How long one write to the store took.', [
      { snapshot: counters.applySeconds.snapshot() },
    ]),
    histogram('apply_batch_size', 'Products in one write to the store.', [
      { snapshot: counters.applyRecords.snapshot() },
    ]),
    histogram('end_to_end_duration_seconds', 'From acceptance to visible at GET, of updates that were applied.', [
      { snapshot: counters.endToEndSeconds.snapshot() },
    ]),
    histogram(
      'http_request_duration_seconds',
      'From the request to the end of its answer.',
      counters.routeSeconds
        .snapshot()
        .map(({ method, route, status, seconds }) => ({ labels: { method, route, status }, snapshot: seconds })),
    ),
  ];
}

/** Asks at once; a source that throws counts as one that does not answer. */
async function started<T>(ask: () => Promise<T>): Promise<T> {
  return ask();
}

/** What it resolves to; `undefined` when it rejects or takes longer than a scrape may wait. */
async function answer<T>(asked: Promise<T>, clock: Clock): Promise<T | undefined> {
  let cancel = (): void => {};
  const late = new Promise<undefined>((resolve) => {
    cancel = clock.schedule(ASK_MS, () => resolve(undefined));
  });
  const settled = asked.catch(() => undefined);
  const first = await Promise.race([settled, late]);
  cancel();
  return first;
}

async function answersAtAll(asked: Promise<void>, clock: Clock): Promise<boolean> {
  return (
    (await answer(
      asked.then(() => true),
      clock,
    )) === true
  );
}

function secondsOf(ms: number | null): number | null {
  return ms === null ? null : ms / 1000;
}
