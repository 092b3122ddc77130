import { expect } from 'chai';
import { mkdtempSync, rmSync } from 'node:fs';
import { Agent } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { startServing, type Child, type Environment } from './child.ts';
import { ask, type Answer } from './client.ts';
import { metricsOf, type Metrics } from './metrics.ts';

type Serving = Child & { url: string };

describe('a durable queue', function () {
  this.timeout(60_000);
  const children: Child[] = [];
  const agent = new Agent({ keepAlive: true });
  let folder: string;

  beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'durable-test-'))));
  afterEach(async () => {
    for (const child of children.splice(0)) await killed(child);
    rmSync(folder, { recursive: true });
  });
  after(() => agent.destroy());

  /** The queue on disk, before a store of this process's that fails in some way, or the one on disk. */
  const serving = async (env: Environment): Promise<Serving> => {
    const child = await startServing({ DATA_DIR: folder, ALLOW_VOLATILE_STORE: 'true', ...env }, 'faulty');
    children.push(child);
    return child;
  };
  const killed = async (child: Child): Promise<void> => {
    child.kill('SIGKILL');
    await child.ended;
  };
  const post = async ({ url }: Serving, many: number): Promise<void> => {
    const json = Array.from({ length: many }, (_, n) => ({ product_id: `p${n}`, stock: n }));
    expect((await ask(agent, `${url}/events`, { method: 'POST', json })).status).to.equal(202);
  };
  const metrics = async ({ url }: Serving): Promise<Metrics> => metricsOf(await ask(agent, `${url}/metrics`));
  const until = async (child: Serving, isSo: (seen: Metrics) => boolean): Promise<Metrics> => {
    for (;;) {
      const seen = await metrics(child);
      if (isSo(seen)) return seen;
      await pause(10);
    }
  };

  it('brings back after a kill what was accepted, and the counters add up over all processes', async () => {
    const first = await serving({ STORE_URL: 'stuck:' });
    await post(first, 500);
    const held = await until(first, (seen) => seen.of('queue_unacked') === 500);
    expect([held.of('events_accepted_total'), held.sum('events_settled_total')]).to.deep.equal([500, 0]);
    await killed(first);

    // Killed once more before anything is applied: handed out again does not mean accepted again.
    const second = await serving({ STORE_URL: 'stuck:' });
    await post(second, 100);
    const again = await until(second, (seen) => seen.of('queue_unacked') === 600);
    expect(again.of('recovered_total')).to.equal(500);
    expect((await second.said('started'))['recovered']).to.equal(500);
    expect(again.of('redelivered_total')).to.equal(500);
    expect(again.of('events_accepted_total') + again.of('recovered_total')).to.equal(again.of('queue_depth'));
    await killed(second);

    const third = await serving({});
    const rest = await until(third, (seen) => seen.of('queue_depth') === 0);
    expect([rest.of('recovered_total'), rest.of('redelivered_total')]).to.deep.equal([600, 600]);
    expect(rest.of('events_accepted_total') + rest.of('recovered_total')).to.equal(rest.sum('events_settled_total'));
    const { body } = await ask(agent, `${third.url}/products/p499`);
    expect(JSON.parse(body)).to.deep.equal({ product_id: 'p499', price: null, stock: 499 });
    await killed(third);

    const fourth = await serving({});
    expect((await ask(agent, `${fourth.url}/products/p499`)).body).to.equal(body);
    expect((await metrics(fourth)).of('recovered_total')).to.equal(0);
    expect((await fourth.said('started'))['recovered']).to.equal(0);
  });

  it('says how durable it is', async () => {
    const child = await serving({});
    const json = async (path: string): Promise<Record<string, unknown>> => {
      const answer: Answer = await ask(agent, `${child.url}${path}`);
      expect(answer.status).to.equal(200);
      return JSON.parse(answer.body) as Record<string, unknown>;
    };
    expect((await json('/readyz'))['durability']).to.deep.equal({ queue: 'disk', store: 'disk' });
    expect(await json('/queue')).to.include({ durability: 'disk', depth: 0, capacity: 100_000 });
    const started = await child.said('started');
    expect(started).to.include({ queue_durability: 'disk', store_durability: 'disk' });
    expect(started['queue']).to.include(folder);
    expect(child.lines().filter(({ level }) => level === 'warn')).to.deep.equal([]);
  });

  it('is emptied at a shutdown', async () => {
    const child = await serving({ STORE_URL: 'slow:?apply_ms=5', WORKERS: '1', BATCH_MAX: '1' });
    await post(child, 100);
    child.kill('SIGTERM');
    expect((await child.ended).code).to.equal(0);
    const last = child.lines().at(-1);
    expect(last).to.include({ msg: 'stopped: drained, nothing is left', accepted: 100, settled: 100, left: 0 });
  });

  it('keeps at the deadline what did not come to its turn, for the next process', async () => {
    const env = { STORE_URL: 'slow:?apply_ms=30', WORKERS: '1', BATCH_MAX: '1', SHUTDOWN_TIMEOUT_MS: '300' };
    const child = await serving(env);
    await post(child, 300);
    await until(child, (seen) => seen.sum('events_settled_total') > 0);
    child.kill('SIGTERM');
    expect((await child.ended).code).to.equal(1);
    const last = child.lines().at(-1);
    const left = Number(last?.['left']);
    expect(left).to.be.within(200, 299);
    expect(last).to.include({
      level: 'error',
      msg: `stopped: ${left} updates were left: in the queue, for the next process`,
      accepted: 300,
      settled: 300 - left,
    });

    const next = await serving({});
    const rest = await until(next, (seen) => seen.of('queue_depth') === 0);
    expect([rest.of('recovered_total'), rest.sum('events_settled_total')]).to.deep.equal([left, left]);
  });

  it('has at the deadline what could not be applied, and it ends with 1', async () => {
    const child = await serving({ STORE_URL: 'stuck:', SHUTDOWN_TIMEOUT_MS: '300' });
    await post(child, 7);
    await until(child, (seen) => seen.of('queue_unacked') === 7);
    child.kill('SIGTERM');
    expect((await child.ended).code).to.equal(1);
    expect(child.lines().at(-1)).to.include({
      level: 'error',
      msg: 'stopped: 7 updates were left: in the queue, for the next process',
      left: 7,
      accepted: 7,
      settled: 0,
    });
    const next = await serving({});
    const rest = await until(next, (seen) => seen.of('queue_depth') === 0);
    expect([rest.of('recovered_total'), rest.sum('events_settled_total')]).to.deep.equal([7, 7]);
  });

  it('is refused where its store would forget, unless that is wanted', async () => {
    const child = startServing({ DATA_DIR: folder, STORE_URL: 'memory:' });
    const refusal = await child.then(
      () => '',
      (error: unknown) => String(error),
    );
    expect(refusal).to.include('QUEUE_URL is more durable (disk) than STORE_URL (none)');
  });
});
