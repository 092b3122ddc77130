import { expect } from 'chai';
import { CodedError } from '@product-updates/errors';
import { capture } from './captured.ts';
import { event, TRACE_ID, TRACEPARENT } from './events.ts';
import { sources } from './sources.ts';

describe('http observer', () => {
  it('logs each accepted update at debug', () => {
    const { telemetry, clock, lines } = capture('debug');
    telemetry.httpObserver.accepting([event('p1', clock.now()), event('p2', clock.now())], TRACEPARENT)();
    const same = { level: 'debug', time: '2026-01-01T00:00:00.000Z', trace_id: TRACE_ID, attempt: 0 };
    expect(lines()).to.deep.equal([
      { ...same, event_id: 'event-p1', product_id: 'p1', outcome: 'accepted', msg: 'enqueue' },
      { ...same, event_id: 'event-p2', product_id: 'p2', outcome: 'accepted', msg: 'enqueue' },
    ]);
  });

  it('counts what is accepted and refused, and logs replays', async () => {
    const { telemetry, clock, lines } = capture();
    telemetry.httpObserver.accepting([event('p1', clock.now()), event('p2', clock.now())], undefined)();
    telemetry.httpObserver.refused('queue_full', 1000);
    telemetry.httpObserver.replayed('letter-1');
    expect(lines()).to.have.length(1);
    expect(lines()[0]).to.include({ level: 'info', msg: 'replay', letter_id: 'letter-1' });
    const { body } = await telemetry.metrics(sources());
    expect(body).to.include('product_updates_events_accepted_total 2\n');
    expect(body).to.include('product_updates_events_refused_total{reason="queue_full"} 1000\n');
    expect(body).to.include('product_updates_events_refused_total{reason="invalid"} 0\n');
  });

  it('times requests by method, route and status', async () => {
    const { telemetry } = capture();
    telemetry.httpObserver.responded('GET', '/products/{id}', 200, 3);
    const { body } = await telemetry.metrics(sources());
    const name = 'product_updates_http_request_duration_seconds';
    const labels = 'method="GET",route="/products/{id}",status="200"';
    expect(body).to.include(`${name}_bucket{le="0.0025",${labels}} 0\n`);
    expect(body).to.include(`${name}_bucket{le="0.005",${labels}} 1\n`);
    expect(body).to.include(`${name}_bucket{le="+Inf",${labels}} 1\n`);
    expect(body).to.include(`${name}_sum{${labels}} 0.003\n`);
    expect(body).to.include(`${name}_count{${labels}} 1\n`);
  });

  it('logs at debug who was refused, and nothing of it above', () => {
    const denial = { status: 403, method: 'GET', path: '/queue', address: '1.2.3.4', key: 'shop', why: 'no scope' };
    const debug = capture('debug');
    debug.telemetry.httpObserver.denied(denial);
    expect(debug.lines()).to.deep.equal([
      { level: 'debug', time: '2026-01-01T00:00:00.000Z', ...denial, msg: 'denied' },
    ]);
    const info = capture('info');
    info.telemetry.httpObserver.denied(denial);
    expect(info.lines()).to.deep.equal([]);
  });

  it('logs of dropped connections one line for each reason, and later how many more there were', async () => {
    const { telemetry, clock, lines } = capture();
    for (let n = 0; n < 1000; n += 1) telemetry.httpObserver.connectionDropped('idle');
    telemetry.httpObserver.connectionDropped('unread_answer');
    expect(lines().map(({ level, reason }) => [level, reason])).to.deep.equal([
      ['warn', 'idle'],
      ['warn', 'unread_answer'],
    ]);
    await clock.advance(10_000);
    expect(lines()).to.have.length(3);
    expect(lines()[2]).to.include({ level: 'warn', reason: 'idle', connections: 999 });
    telemetry[Symbol.dispose]();
  });

  it('logs what the store or the queue failed at, escaped, without secrets and in a bounded way', () => {
    const { telemetry, raw, lines } = capture();
    const error = new CodedError('unavailable', 'postgres://u:secret@h is away');
    const about = { product_id: 'a\u2028b' };
    for (let n = 0; n < 100; n += 1) telemetry.httpObserver.unavailable('GET /products/{id}', error, about);
    expect(lines()).to.have.length(10);
    const told = { error: 'postgres://u:***@h is away', code: 'unavailable' };
    expect(lines()[0]).to.include({ level: 'warn', msg: 'GET /products/{id}', ...about, ...told });
    expect(raw[0]).to.include('a\\u2028b');
    telemetry[Symbol.dispose]();
  });

  it('logs failures with the place of the bug, a flood in a bounded way', () => {
    const { telemetry, lines } = capture();
    for (let n = 0; n < 100; n += 1) {
      telemetry.httpObserver.failed('a handler threw', new Error('x'), { product_id: 'p1' });
    }
    expect(lines()).to.have.length(10);
    expect(lines()[0]).to.include({ product_id: 'p1', level: 'error', msg: 'a handler threw', error: 'x' });
    expect(lines()[0]?.['stack']).to.include('http-observer.test.ts');
  });
});
