import { CodedError } from '@product-updates/errors';
import { openMemoryQueue, type OpenQueue } from '@product-updates/queue';
import { expect } from 'chai';
import { Agent } from 'node:http';
import { setTimeout as pause } from 'node:timers/promises';
import { readConfig } from '../src/config.ts';
import { openers, type Openers } from '../src/open.ts';
import { startService } from '../src/service.ts';
import { ask, type Answer } from './client.ts';
import { metricsOf } from './metrics.ts';

describe('an outage of the queue', function () {
  this.timeout(20_000);

  it('refuses producers, serves readers, holds the consumer, loses nothing, and ends by itself', async () => {
    let outage: Error | undefined;
    const lines: string[] = [];
    const options = { openers: withFaultyQueue(() => outage), write: (line: string) => lines.push(line) };
    const service = await startService(readConfig({ PORT: '0', QUEUE_URL: 'faulty:' }), options);
    const agent = new Agent({ keepAlive: true });
    const get = (path: string): Promise<Answer> => ask(agent, service.url + path);
    const post = (stock: number): Promise<Answer> =>
      ask(agent, `${service.url}/events`, { method: 'POST', json: { product_id: 'p1', stock } });
    const isHeld = async (): Promise<boolean> => (await get('/readyz')).body.includes('"held_by":"queue"');

    expect((await post(1)).status).to.equal(202);
    while ((await get('/products/p1')).status !== 200) await pause(1);
    outage = new CodedError('unavailable', 'no broker answers');
    const refused = await post(2);
    expect(refused.status).to.equal(503);
    expect(refused.headers['retry-after']).to.equal('2');
    while (!(await isHeld())) await pause(5);
    const ready = await get('/readyz');
    expect(ready.status).to.equal(503);
    expect(JSON.parse(ready.body)).to.include({ detail: 'Not well: queue, consumer' });
    expect((await get('/queue')).status).to.equal(503);
    expect((await get('/products/p1')).body).to.include('"stock":1');
    const during = metricsOf(await get('/metrics'));
    expect(during.of('queue_up')).to.equal(0);
    expect(during.of('events_refused_total{reason="queue_unavailable"}')).to.equal(1);
    expect(during.of('queue_depth')).to.be.NaN;

    outage = undefined;
    expect((await post(3)).status).to.equal(202);
    while (await isHeld()) await pause(5);
    while (!(await get('/products/p1')).body.includes('"stock":3')) await pause(5);
    expect((await get('/readyz')).status).to.equal(200);
    const told = lines.map((line) => JSON.parse(line) as Record<string, unknown>);
    expect(told.find(({ msg }) => msg === 'held')).to.include({ reason: 'queue', error: 'no broker answers' });
    expect(told.find(({ msg }) => msg === 'released')).to.include({ reason: 'queue' });
    agent.destroy();
    expect(await service.stop()).to.include({ left: 0, accepted: 2, settled: 2 });
  });
});

/** The memory queue, which can be out of reach: those that wait for messages hear of it too. */
function withFaultyQueue(fault: () => Error | undefined): Openers {
  const open: OpenQueue = async (url, context) => {
    const opened = await openMemoryQueue(new URL('memory:'), context);
    const { queue } = opened;
    const unless = <R>(work: () => Promise<R>): Promise<R> => {
      const error = fault();
      return error === undefined ? work() : Promise.reject(error);
    };
    const faulty: typeof queue = {
      publish: (messages) => unless(() => queue.publish(messages)),
      ack: (deliveries) => unless(() => queue.ack(deliveries)),
      nack: (deliveries) => unless(() => queue.nack(deliveries)),
      stats: () => unless(() => queue.stats()),
      ping: () => unless(() => queue.ping()),
      close: () => queue.close(),
      [Symbol.asyncDispose]: () => queue[Symbol.asyncDispose](),
      async receive(max, { signal } = {}) {
        for (;;) {
          const patience = AbortSignal.timeout(20);
          try {
            return await unless(() =>
              queue.receive(max, { signal: signal ? AbortSignal.any([signal, patience]) : patience }),
            );
          } catch (error) {
            if (!patience.aborted || signal?.aborted === true) throw error;
          }
        }
      },
    };
    return { ...opened, queue: faulty, description: url.href };
  };
  return { ...openers, queues: { 'faulty:': { shared: false, load: async () => open } } };
}
