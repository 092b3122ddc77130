import type { ProductEvent } from '@product-updates/domain';
import { createMemoryQueue, noHeaders, systemClock, type Queue } from '@product-updates/queue';
import { createTelemetry, type Telemetry } from '@product-updates/telemetry';
import { expect } from 'chai';
import { setImmediate as turn, setTimeout as pause } from 'node:timers/promises';
import { capture } from './captured.ts';
import { delivery, event } from './events.ts';

describe('telemetry', () => {
  it('tells the rates of the last ten seconds', async () => {
    const { telemetry, clock } = capture();
    const one = event('p1', clock.now());
    for (let second = 0; second < 20; second += 1) {
      await clock.advance(1000);
      const events = Array.from({ length: 50 }, (_, n) => event(`p${n}`, clock.now()));
      telemetry.httpObserver.accepting(events, undefined)();
      telemetry.pipelineObserver.settled([delivery(one, 'p1'), delivery(one, 'p1')], 'superseded', clock.now());
    }
    await clock.advance(999);
    expect(telemetry.rates().accepted_per_second).to.be.closeTo(50, 0.1);
    expect(telemetry.rates().settled_per_second).to.be.closeTo(2, 0.1);
    await clock.advance(10_000);
    expect(telemetry.rates()).to.deep.equal({ accepted_per_second: 0, settled_per_second: 0 });
  });

  it('tells how many updates there were in all', () => {
    const { telemetry, clock } = capture();
    const one = delivery(event('p1', clock.now()), 'p1');
    telemetry.httpObserver.accepting([one.body, one.body, one.body], undefined)();
    telemetry.pipelineObserver.settled([one], 'applied', clock.now());
    telemetry.pipelineObserver.settled([one], 'superseded', clock.now());
    expect(telemetry.totals()).to.deep.equal({ accepted: 3, settled: 2 });
  });

  it('says accepted = settled + depth at every scrape, whatever runs meanwhile', async () => {
    const queue = createMemoryQueue<ProductEvent>({ capacity: 5000, clock: systemClock });
    const build = { version: '1', node: '24' };
    using telemetry = createTelemetry({ level: 'info', clock: systemClock, build, write: () => {} });
    const over = new AbortController();
    const running = [
      ...[1, 7, 100].map((size) => produce(queue, telemetry, size, over.signal)),
      ...[false, true].map((slow) => consume(queue, telemetry, slow)),
    ];
    try {
      const seen = new Set<number>();
      for (let scrapes = 0; scrapes < 150 || seen.size < 20; scrapes += 1) {
        const asked = Array.from({ length: 3 }, () => telemetry.metrics({ queue, store, deadLetters }));
        for (const { body } of await Promise.all(asked)) {
          const accepted = sum(body, /^product_updates_events_accepted_total (\d+)$/gm);
          const settled = sum(body, /^product_updates_events_settled_total\{outcome="\w+"\} (\d+)$/gm);
          const depth = sum(body, /^product_updates_queue_depth (\d+)$/gm);
          expect(accepted).to.equal(settled + depth);
          seen.add(depth);
        }
      }
    } finally {
      over.abort();
      queue.close();
      await Promise.all(running);
    }
  }).timeout(60_000);
});

const store = { ping: (): Promise<void> => Promise.resolve() };
const deadLetters = { count: (): Promise<number> => Promise.resolve(0) };

function sum(body: string, pattern: RegExp): number {
  const found = [...body.matchAll(pattern)];
  expect(found).not.to.have.length(0);
  return found.reduce((total, [, digits]) => total + Number(digits), 0);
}

/** As http does it: publish, then tell; the refusals of a full queue are not told. */
async function produce(
  queue: Queue<ProductEvent>,
  telemetry: Telemetry,
  size: number,
  over: AbortSignal,
): Promise<void> {
  for (let n = 0; !over.aborted; n += 1) {
    const events = Array.from({ length: size }, () => event(`p${n % 50}`, systemClock.now()));
    const messages = events.map((body) => ({ key: body.product_id, body, headers: noHeaders }));
    const taken = await queue.publish(messages).then(
      () => true,
      () => false,
    );
    if (taken) telemetry.httpObserver.accepting(events, undefined)();
    await (n % 3 === 0 ? turn() : Promise.resolve());
    if (n % 10 === 0 || !taken) await pause(1);
  }
}

/** As the pipeline does it: receive, tell, work, ack, tell. */
async function consume(queue: Queue<ProductEvent>, telemetry: Telemetry, slow: boolean): Promise<void> {
  for (;;) {
    const deliveries = await queue.receive(200);
    if (deliveries.length === 0) return;
    telemetry.pipelineObserver.received(deliveries);
    await (slow ? pause(2) : turn());
    await queue.ack(deliveries);
    telemetry.pipelineObserver.settled(deliveries, 'applied', systemClock.now());
  }
}
