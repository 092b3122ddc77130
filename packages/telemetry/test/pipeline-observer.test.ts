import { CodedError } from '@product-updates/errors';
import type { DeadLetter } from '@product-updates/repository';
import { expect } from 'chai';
import { capture } from './captured.ts';
import { delivery, event, TRACE_ID, TRACEPARENT } from './events.ts';
import { sources } from './sources.ts';

const undecodable = { bytes: new Uint8Array([1]), error: new Error('no event') };

function letter(id: string): DeadLetter {
  const failed = { failed_at: '2026-01-01T00:00:00.000Z', event: null, bytes: null };
  return { id, product_id: 'p1', reason: 'rejected', error: 'too odd, password=hunter2', attempts: 2, ...failed };
}

describe('pipeline observer', () => {
  it('logs dequeue, retry and ack of each update at debug', () => {
    const { telemetry, clock, lines } = capture('debug');
    const one = delivery(event('p1', clock.now()), 'p1', { headers: { traceparent: TRACEPARENT }, attempt: 2 });
    const other = delivery(undecodable, 'p2');
    telemetry.pipelineObserver.received([one, other]);
    telemetry.pipelineObserver.retried([one], 'unavailable', 3, 250, 'store away');
    telemetry.pipelineObserver.settled([one], 'applied', clock.now());
    const ids = { event_id: 'event-p1', product_id: 'p1', trace_id: TRACE_ID };
    const stamp = { level: 'debug', time: '2026-01-01T00:00:00.000Z' };
    const why = { reason: 'unavailable', delay_ms: 250, error: 'store away' };
    expect(lines()).to.deep.equal([
      { ...stamp, ...ids, attempt: 2, msg: 'dequeue' },
      { ...stamp, product_id: 'p2', attempt: 1, msg: 'dequeue' },
      { ...stamp, ...ids, attempt: 3, outcome: 'retry', ...why, msg: 'retry' },
      { ...stamp, ...ids, attempt: 2, outcome: 'applied', msg: 'ack' },
    ]);
  });

  it('says nothing per update at info', () => {
    const { telemetry, clock, raw } = capture('info');
    const one = delivery(event('p1', clock.now()), 'p1');
    telemetry.pipelineObserver.received([one]);
    telemetry.pipelineObserver.retried([one], 'bug', 1, 250, 'odd');
    telemetry.pipelineObserver.applied(1, 5);
    telemetry.pipelineObserver.settled([one], 'applied', clock.now());
    telemetry.httpObserver.accepting([event('p1', clock.now())], TRACEPARENT)();
    telemetry.httpObserver.refused('invalid', 1);
    telemetry.httpObserver.responded('POST', '/events', 202, 1);
    expect(raw).to.deep.equal([]);
  });

  it('logs holds, releases and failures', () => {
    const { telemetry, lines } = capture();
    const { pipelineObserver } = telemetry;
    pipelineObserver.held('store', 'connect refused, password=hunter2');
    pipelineObserver.released('store', 1500);
    pipelineObserver.failed('the work of a lane threw', new TypeError('x'));
    pipelineObserver.failed('the queue cannot be asked', new CodedError('unavailable', 'away'));
    const [held, released, bug, coded] = lines();
    expect(held).to.include({ level: 'warn', msg: 'held', reason: 'store', error: 'connect refused, password=***' });
    expect(released).to.include({ level: 'info', msg: 'released', reason: 'store', held_ms: 1500 });
    expect(bug).to.include({ level: 'error', msg: 'the work of a lane threw', error: 'x' });
    expect(bug?.['stack']).to.include('pipeline-observer.test.ts');
    expect(coded).to.include({ level: 'error', error: 'away', code: 'unavailable' }).and.not.to.have.property('stack');
  });

  it('logs dead letters as warnings, a flood of them in a bounded way', async () => {
    const { telemetry, clock, lines } = capture();
    for (let n = 0; n < 5000; n += 1) telemetry.pipelineObserver.deadLettered(letter(`l${n}`));
    expect(lines()).to.have.length(10);
    const [first] = lines();
    const told = { letter_id: 'l0', product_id: 'p1', attempt: 2, outcome: 'dead_lettered', reason: 'rejected' };
    expect(first).to.include({ level: 'warn', msg: 'dead letter', ...told, error: 'too odd, password=***' });
    await clock.advance(1000);
    expect(lines()).to.have.length(11);
    expect(lines().at(-1)).to.include({ level: 'warn', kind: 'dead letter', suppressed: 4990 });
  });

  it('tells a flood that is not over when it is disposed', () => {
    const { telemetry, lines, clock } = capture();
    for (let n = 0; n < 12; n += 1) telemetry.pipelineObserver.failed('odd', new Error('x'));
    telemetry[Symbol.dispose]();
    expect(lines().at(-1)).to.include({ kind: 'pipeline failure', suppressed: 2 });
    expect(clock.pending).to.equal(0);
  });

  it('measures acceptance to visible for what was applied, but not for replays', async () => {
    const { telemetry, clock } = capture();
    const acceptedMs = clock.now();
    const applied = delivery(event('p1', acceptedMs), 'p1');
    const superseded = delivery(event('p2', acceptedMs), 'p2');
    const replayed = delivery(event('p3', acceptedMs - 3_600_000, { replays: 1 }), 'p3');
    telemetry.pipelineObserver.settled([applied, replayed], 'applied', acceptedMs + 20);
    telemetry.pipelineObserver.settled([superseded], 'superseded', acceptedMs + 20);
    telemetry.pipelineObserver.settled([delivery(undecodable, 'p4')], 'dead_lettered', acceptedMs + 20);
    const { body } = await telemetry.metrics(sources());
    expect(body).to.include('product_updates_end_to_end_duration_seconds_count 1\n');
    expect(body).to.include('product_updates_end_to_end_duration_seconds_sum 0.02\n');
    expect(body).to.include('product_updates_events_settled_total{outcome="applied"} 2\n');
    expect(body).to.include('product_updates_events_settled_total{outcome="superseded"} 1\n');
    expect(body).to.include('product_updates_events_settled_total{outcome="dead_lettered"} 1\n');
  });

  it('counts retries, redeliveries, batches and when it last received', async () => {
    const { telemetry, clock } = capture();
    const one = delivery(event('p1', clock.now()), 'p1', { attempt: 2 });
    telemetry.pipelineObserver.received([one, { ...one, attempt: 1 }]);
    telemetry.pipelineObserver.retried([one, one], 'unavailable', 1, 10, 'x');
    telemetry.pipelineObserver.retried([one], 'a reason nobody knows', 1, 10, 'x');
    telemetry.pipelineObserver.applied(400, 30);
    const { body } = await telemetry.metrics(sources());
    expect(body).to.include('product_updates_redelivered_total 1\n');
    expect(body).to.include('product_updates_retries_total{reason="unavailable"} 2\n');
    expect(body).to.include('product_updates_retries_total{reason="bug"} 1\n');
    expect(body).to.include('product_updates_apply_batch_size_bucket{le="200"} 0\n');
    expect(body).to.include('product_updates_apply_batch_size_bucket{le="500"} 1\n');
    expect(body).to.include('product_updates_apply_duration_seconds_sum 0.03\n');
    expect(body).to.include(`product_updates_last_receive_timestamp_seconds ${clock.now() / 1000}\n`);
  });
});
