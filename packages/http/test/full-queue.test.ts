import { expect } from 'chai';
import type { Response } from 'supertest';
import { CodedError } from '@product-updates/errors';
import { parseApiKeys } from '@product-updates/http';
import { expectProblem, startService, type Service, type ServiceOptions } from './service.ts';

const CAPACITY = 100;
const update = { product_id: 'p1', price: 99.99, stock: 50 };
/** Arrays of which the queue holds one. */
const array = JSON.stringify(Array.from({ length: 60 }, () => update));
const malformed = '['.padEnd(array.length, ' ');

/** A service with one array in its queue, and how often that was asked to take something. */
async function startFull(
  options: Pick<ServiceOptions, 'options'> = {},
): Promise<{ service: Service; asked: number[] }> {
  const asked: number[] = [];
  const service = await startService({
    ...options,
    capacity: CAPACITY,
    wrap: (deps) => {
      const { publisher } = deps;
      return {
        ...deps,
        publisher: {
          publish(messages) {
            asked.push(messages.length);
            return publisher.publish(messages);
          },
        },
      };
    },
  });
  return { service, asked };
}

/** The hot route, and the one that Koa leads to it. */
const waysIn = ['/events', '/events?'];

describe('POST /events with arrays that do not fit', () => {
  const post = (service: Service, body: string, headers: Record<string, string> = {}, path = '/events') =>
    service.agent
      .post(path)
      .set({ 'content-type': 'application/json', connection: 'keep-alive', ...headers })
      .send(body);
  const told = ({ status, text, headers }: Response): unknown => ({ status, text, headers: { ...headers, date: '' } });

  it('refuses the next ones with the very same answer, without a look at them', async () => {
    const { service, asked } = await startFull();
    await using _ = service;
    await post(service, array).expect(202);
    const looked = await post(service, array);
    expectProblem(looked, 503, 'Queue full, try again later');
    expect(looked.headers['connection']).to.equal('keep-alive');
    expect(asked).to.deep.equal([60, 60]);
    for (const path of waysIn) {
      for (const body of [array, malformed]) {
        for (const headers of [{}, { prefer: 'handling=lenient' }]) {
          expect(told(await post(service, body, headers, path))).to.deep.equal(told(looked));
        }
      }
    }
    expect(asked).to.deep.equal([60, 60]);
    expect(new Set(service.seen.responded.slice(1))).to.deep.equal(new Set(['POST /events 503']));
  });

  for (const path of waysIn) {
    it(`looks again at what comes to ${path} after 20 ms, and at once after the queue took something`, async () => {
      const { service } = await startFull();
      await using _ = service;
      await post(service, array, {}, path).expect(202);
      expectProblem(await post(service, array, {}, path), 503);
      service.clock.advance(19);
      expectProblem(await post(service, malformed, {}, path), 503);
      service.clock.advance(1);
      expectProblem(await post(service, malformed, {}, path), 400);
      expectProblem(await post(service, array, {}, path), 503);
      expectProblem(await post(service, malformed, {}, path), 503);
      await post(service, JSON.stringify(update), {}, path).expect(202);
      expectProblem(await post(service, malformed, {}, path), 400);
    });
  }

  it('takes whatever is smaller and fits, a single update above all', async () => {
    const { service } = await startFull();
    await using _ = service;
    await post(service, array).expect(202);
    for (let room = CAPACITY - 60; room > 0; room -= 20) {
      expectProblem(await post(service, array), 503);
      await post(service, JSON.stringify(Array.from({ length: 19 }, () => update))).expect(202);
      expectProblem(await post(service, array), 503);
      await post(service, JSON.stringify(update)).expect(202);
    }
    expectProblem(await post(service, JSON.stringify(update)), 503);
    expect((await service.queue.stats()).depth).to.equal(CAPACITY);
  });

  it('counts about as many updates as there are', async () => {
    const { service } = await startFull();
    await using _ = service;
    await post(service, array).expect(202);
    await post(service, array);
    await post(service, JSON.stringify(Array.from({ length: 90 }, () => update)));
    await post(service, malformed);
    expect(service.seen.refused).to.deep.equal([60, 90, 60].map((updates) => ({ reason: 'queue_full', updates })));
  });

  it('remembers only what was full', async () => {
    const publisher = { publish: () => Promise.reject(new CodedError('unavailable', 'away')) };
    await using service = await startService({ wrap: (deps) => ({ ...deps, publisher }) });
    expectProblem(await post(service, array), 503, /cannot be reached/);
    expectProblem(await post(service, malformed), 400);
  });

  it('still tells first who may not, what is no JSON and what is too large', async () => {
    const apiKeys = parseApiKeys('a:write:key-that-may-write,b:read:key-that-may-read');
    const { service } = await startFull({ options: { apiKeys, bodyLimitBytes: 2 * array.length } });
    await using _ = service;
    const key = { 'x-api-key': 'key-that-may-write' };
    await post(service, array, key).expect(202);
    expectProblem(await post(service, array, key), 503);
    expectProblem(await post(service, array), 401);
    expectProblem(await post(service, array, { 'x-api-key': 'key-that-may-read' }), 403);
    expectProblem(await post(service, array, { ...key, 'content-type': 'text/plain' }), 415);
    expectProblem(await post(service, ' '.repeat(2 * array.length + 1), key), 413);
    expectProblem(await post(service, malformed, key), 503);
  });

  it('costs a rate-limited client nothing, and one that has to wait hears that first', async () => {
    const { service } = await startFull({ options: { rateLimit: 61 } });
    await using _ = service;
    await post(service, array).expect(202);
    service.clock.advance(1000);
    expectProblem(await post(service, array), 503);
    const unread = await post(service, array);
    expectProblem(unread, 503);
    expect(unread.headers).to.include({ ratelimit: '"updates";r=61;t=1', 'retry-after': '1' });
    for (let n = 0; n < 61; n += 1) expectProblem(await post(service, '{'), 400);
    expectProblem(await post(service, array), 429);
  });
});
