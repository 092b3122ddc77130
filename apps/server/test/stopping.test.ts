import { expect } from 'chai';
import { Agent } from 'node:http';
import { setTimeout as pause } from 'node:timers/promises';
import { startServing, type Child, type Environment } from './child.ts';
import { ask } from './client.ts';
import { metricsOf } from './metrics.ts';

/** What a shutdown finds the service in the middle of, and how it shows. */
const middles: readonly {
  readonly what: string;
  readonly env: Environment;
  readonly left: number;
  /** Where it shows, and as what. */
  readonly shows: readonly [path: string, text: string];
}[] = [
  {
    what: 'an outage',
    env: { STORE_URL: 'faulty:?fault=outage' },
    left: 7,
    shows: ['/readyz', '"held_by":"store"'],
  },
  {
    what: 'a hold because of a wrong right',
    env: { STORE_URL: 'faulty:?fault=misconfigured' },
    left: 7,
    shows: ['/readyz', '"held_by":"store"'],
  },
  {
    what: 'a hold because there are too many dead letters',
    env: { STORE_URL: 'faulty:?fault=invalid', DEAD_LETTER_MAX: '1', WORKERS: '1' },
    left: 6,
    shows: ['/readyz', '"held_by":"dead_letters"'],
  },
  {
    what: 'a backoff',
    env: { STORE_URL: 'faulty:?fault=bug', RETRY_BASE_MS: '3600000', RETRY_MAX_MS: '3600000' },
    left: 7,
    shows: ['/metrics', 'retries_total{reason="bug"} 7'],
  },
];

describe('stopping', function () {
  this.timeout(30_000);
  const children: Child[] = [];
  const agent = new Agent({ keepAlive: true });

  afterEach(async () => {
    for (const child of children.splice(0)) {
      child.kill('SIGKILL');
      await child.ended;
    }
  });
  after(() => agent.destroy());

  async function inTheMiddle(env: Environment, [path, text]: readonly [string, string]): Promise<Child> {
    const child = await startServing(env, 'faulty');
    children.push(child);
    const json = Array.from({ length: 7 }, (_, n) => ({ product_id: `p${n}`, stock: n }));
    expect((await ask(agent, `${child.url}/events`, { method: 'POST', json })).status).to.equal(202);
    while (!(await ask(agent, child.url + path)).body.includes(text)) await pause(5);
    const retries = metricsOf(await ask(agent, `${child.url}/metrics`)).sum('retries_total');
    expect(retries).to.equal(path === '/metrics' ? 7 : 0);
    return child;
  }

  async function expectLeft(child: Child, left: number): Promise<void> {
    const { code, stderr } = await child.ended;
    expect(stderr).to.equal('');
    expect(code).to.equal(1);
    expect(child.lines().at(-1)).to.include({
      level: 'error',
      msg: `stopped: ${left} updates were left: in the memory of this process, gone with it`,
      left,
      accepted: 7,
      settled: 7 - left,
    });
    expect(child.lines().filter(({ msg }) => msg === 'dead letter')).to.have.length(7 - left);
  }

  for (const { what, env, left, shows } of middles) {
    it(`in the middle of ${what} ends with 1 at the deadline and says how many are left`, async () => {
      const child = await inTheMiddle({ ...env, SHUTDOWN_TIMEOUT_MS: '300' }, shows);
      child.kill('SIGTERM');
      await expectLeft(child, left);
    });

    it(`in the middle of ${what} ends at once at a second signal`, async () => {
      const child = await inTheMiddle({ ...env, SHUTDOWN_TIMEOUT_MS: '3600000' }, shows);
      child.kill('SIGTERM');
      await child.said('stopping');
      await pause(300);
      child.kill('SIGTERM');
      await child.said('asked again to stop: stopping at once');
      await expectLeft(child, left);
    });
  }
});
