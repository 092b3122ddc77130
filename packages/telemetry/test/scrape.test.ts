import { expect } from 'chai';
import { setImmediate as turn } from 'node:timers/promises';
import { capture } from './captured.ts';
import { sources } from './sources.ts';

const never = <T>(): Promise<T> => new Promise<T>(() => {});

/** Every line that is not a comment: its name and labels → its value. */
function samplesOf(body: string): Map<string, number> {
  const lines = body.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  return new Map(
    lines.map((line) => [line.slice(0, line.lastIndexOf(' ')), Number(line.slice(line.lastIndexOf(' ') + 1))]),
  );
}

describe('scrape', () => {
  it('has every metric of the contract, with 0 for each label of a closed list', async () => {
    const { telemetry } = capture();
    const { body, contentType } = await telemetry.metrics(sources());
    expect(contentType).to.equal('text/plain; version=0.0.4; charset=utf-8');
    const names = [...body.matchAll(/^# TYPE product_updates_(\S+) (\w+)$/gm)].map(
      ([, name, type]) => `${name} ${type}`,
    );
    expect(names.sort()).to.deep.equal([
      'apply_batch_size histogram',
      'apply_duration_seconds histogram',
      'build_info gauge',
      'dead_letters gauge',
      'end_to_end_duration_seconds histogram',
      'events_accepted_total counter',
      'events_refused_total counter',
      'events_settled_total counter',
      'http_request_duration_seconds histogram',
      'last_receive_timestamp_seconds gauge',
      'log_lines_dropped_total counter',
      'queue_capacity gauge',
      'queue_depth gauge',
      'queue_oldest_timestamp_seconds gauge',
      'queue_unacked gauge',
      'queue_up gauge',
      'recovered_total counter',
      'redelivered_total counter',
      'retries_total counter',
      'store_up gauge',
    ]);
    const samples = samplesOf(body);
    for (const outcome of ['applied', 'superseded', 'dead_lettered']) {
      expect(samples.get(`product_updates_events_settled_total{outcome="${outcome}"}`)).to.equal(0);
    }
    for (const reason of ['invalid', 'malformed', 'queue_full', 'queue_unavailable', 'timeout', 'draining']) {
      expect(samples.get(`product_updates_events_refused_total{reason="${reason}"}`)).to.equal(0);
    }
    for (const reason of ['unavailable', 'misconfigured', 'bug']) {
      expect(samples.get(`product_updates_retries_total{reason="${reason}"}`)).to.equal(0);
    }
    expect(samples.get('product_updates_build_info{version="1.2.3",node="v24.0.0"}')).to.equal(1);
  });

  it('has the metrics of Node itself', async () => {
    const { telemetry } = capture();
    const { body } = await telemetry.metrics(sources());
    for (const name of [
      'nodejs_eventloop_lag_p99_seconds',
      'nodejs_heap_size_used_bytes',
      'process_resident_memory_bytes',
    ]) {
      expect(samplesOf(body).get(name)).to.be.a('number');
    }
    expect(body).to.include('# TYPE nodejs_gc_duration_seconds histogram');
  });

  it('tells the queue, the store and the dead letters as they are', async () => {
    const { telemetry, clock } = capture();
    const stats = { depth: 7, capacity: 1000, unacked: 3, oldestMs: clock.now() - 5000 };
    const { queue } = sources();
    const asked = {
      queue: { ...queue, stats: () => Promise.resolve(stats) },
      deadLetters: { count: () => Promise.resolve(4) },
    };
    const samples = samplesOf((await telemetry.metrics(sources(asked))).body);
    expect(samples.get('product_updates_queue_depth')).to.equal(7);
    expect(samples.get('product_updates_queue_capacity')).to.equal(1000);
    expect(samples.get('product_updates_queue_unacked')).to.equal(3);
    expect(samples.get('product_updates_queue_oldest_timestamp_seconds')).to.equal(clock.now() / 1000 - 5);
    expect(samples.get('product_updates_dead_letters')).to.equal(4);
    expect(samples.get('product_updates_queue_up')).to.equal(1);
    expect(samples.get('product_updates_store_up')).to.equal(1);
  });

  it('leaves out what is not known', async () => {
    const { telemetry } = capture();
    const unknown = { depth: 0, capacity: null, unacked: 0, oldestMs: null };
    const { queue } = sources();
    const { body } = await telemetry.metrics(sources({ queue: { ...queue, stats: () => Promise.resolve(unknown) } }));
    const samples = samplesOf(body);
    expect(samples.has('product_updates_queue_depth')).to.equal(true);
    expect(samples.has('product_updates_queue_capacity')).to.equal(false);
    expect(samples.has('product_updates_queue_oldest_timestamp_seconds')).to.equal(false);
    expect(samples.has('product_updates_last_receive_timestamp_seconds')).to.equal(false);
  });

  it('answers with what it has when queue and store reject or throw', async () => {
    const { telemetry } = capture();
    const rejecting = () => Promise.reject(new Error('away'));
    const throwing = (): never => {
      throw new Error('a bug');
    };
    const { body } = await telemetry.metrics({
      queue: { stats: throwing, ping: rejecting },
      store: { ping: throwing },
      deadLetters: { count: rejecting },
    });
    const samples = samplesOf(body);
    expect(samples.get('product_updates_queue_up')).to.equal(0);
    expect(samples.get('product_updates_store_up')).to.equal(0);
    expect(samples.has('product_updates_queue_depth')).to.equal(false);
    expect(samples.has('product_updates_dead_letters')).to.equal(false);
    expect(samples.get('product_updates_events_accepted_total')).to.equal(0);
  });

  it('does not wait for what never answers', async () => {
    const { telemetry, clock } = capture();
    const scraped = telemetry.metrics({
      queue: { stats: never, ping: never },
      store: { ping: never },
      deadLetters: { count: never },
    });
    while (clock.pending < 4) await turn();
    await clock.advance(2000);
    const samples = samplesOf((await scraped).body);
    expect(samples.get('product_updates_queue_up')).to.equal(0);
    expect(clock.pending).to.equal(0);
  });

  it('lets go of its timers when all answer', async () => {
    const { telemetry, clock } = capture();
    await telemetry.metrics(sources());
    expect(clock.pending).to.equal(0);
  });

  it('counts what an earlier process left', async () => {
    const { telemetry } = capture();
    telemetry.recovered(12);
    expect(samplesOf((await telemetry.metrics(sources())).body).get('product_updates_recovered_total')).to.equal(12);
  });
});
