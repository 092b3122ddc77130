import { expect } from 'chai';
import { readFileSync } from 'node:fs';
import { Agent } from 'node:http';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { startChild, type Child } from './child.ts';
import { ask } from './client.ts';
import { metricsOf } from './metrics.ts';

const root = join(import.meta.dirname, '../../..');
const LONG = process.env['LONG'] !== undefined;
const OVERLOAD_MS = LONG ? 60_000 : 3000;
const RSS_ABOVE_MIB = 128;
/** The clients share the machine with other tests: times are held against their bounds only in a long run, which is alone. */
const SLACK = LONG ? 1 : 20;
const REFUSED_MS = 50 * SLACK;
const ACCEPTED_MS = 250 * SLACK;
const GOOD_MS = 100 * SLACK;
const SLOW_SOCKETS = 1000;

describe('too much', function () {
  this.timeout(60_000 + 2 * OVERLOAD_MS);
  const children: Child[] = [];

  async function serving(env: Record<string, string>): Promise<Child & { url: string }> {
    const child = startChild({ PORT: '0', ...env }, { main: 'faulty', flags: startFlags() });
    children.push(child);
    return { ...child, url: String((await child.said('started'))['address']) };
  }
  afterEach(async () => {
    for (const child of children.splice(0)) {
      child.kill('SIGKILL');
      await child.ended;
    }
  });

  it('memory is bounded in the same way by whatever starts the service', () => {
    const flags = startFlags();
    expect(flags).to.have.length(3);
    const deploy = join(root, 'apps/server/deploy');
    const container = flags.map((flag) => `"${flag}", `).join('');
    expect(readFileSync(join(deploy, 'Dockerfile'), 'utf8')).to.include(`["node", ${container}"apps/server/`);
    const unit = readFileSync(join(deploy, 'product-updates.service'), 'utf8');
    expect(unit).to.include(`ExecStart=/usr/bin/node ${flags.join(' ')} /opt/`);
  });

  it(`traffic, many times what the store can take, for ${OVERLOAD_MS / 1000} s is refused quickly and costs little memory`, async () => {
    // 1 lane × 20 products every 10 ms: 2,000 a second.
    const child = await serving({ STORE_URL: 'slow:?apply_ms=10', BATCH_MAX: '20', WORKERS: '1' });
    const agent = new Agent({ keepAlive: true, maxSockets: 64 });
    await ask(agent, `${child.url}/livez`);
    const idleMib = memoryMib(child.pid, 'VmRSS');
    // The queue is filled in one go, so that all that is measured is overload.
    const fill = Array.from({ length: 5000 }, (_, n) => ({ product_id: `fill-${n}`, stock: n }));
    const filling = async (): Promise<number> =>
      (await ask(agent, `${child.url}/events`, { method: 'POST', json: fill })).status;
    while ((await filling()) === 202);

    const times = new Map<number, number[]>([
      [202, []],
      [503, []],
    ]);
    const untilMs = performance.now() + OVERLOAD_MS;
    const hammer = async (connection: number): Promise<void> => {
      for (let stock = 0; performance.now() < untilMs; stock += 1) {
        const json = Array.from({ length: 10 }, (_, n) => ({ product_id: `p${connection}-${n}`, stock }));
        const startedMs = performance.now();
        const { status, headers } = await ask(agent, `${child.url}/events`, { method: 'POST', json });
        times.get(status)?.push(performance.now() - startedMs);
        expect(status).to.be.oneOf([202, 503]);
        if (status === 503) expect(headers['retry-after']).to.equal('1');
      }
    };
    await Promise.all(Array.from({ length: 64 }, (_, connection) => hammer(connection)));

    const told = metricsOf(await ask(agent, `${child.url}/metrics`));
    agent.destroy();
    expect(told.of('events_refused_total{reason="queue_full"}')).to.be.above(told.sum('events_settled_total') * 2);
    expect(told.of('events_accepted_total')).to.equal(told.sum('events_settled_total') + told.of('queue_depth'));
    expect(memoryMib(child.pid, 'VmHWM') - idleMib).to.be.below(RSS_ABOVE_MIB);
    expect(p99(times.get(503))).to.be.below(REFUSED_MS);
    expect(p99(times.get(202))).to.be.below(ACCEPTED_MS);
  });

  it(`${SLOW_SOCKETS} slow sockets do not keep a good client waiting`, async () => {
    const { url, pid } = await serving({});
    const { port } = new URL(url);
    const head =
      'POST /events HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 999\r\n';
    const starts = ['', `${head}X-Slow: `, `${head}\r\n{`];
    const sockets: Socket[] = [];
    for (let n = 0; n < SLOW_SOCKETS; n += 1) {
      const socket = connect(Number(port), '127.0.0.1').on('error', () => undefined);
      socket.write(starts[n % starts.length] ?? '');
      sockets.push(socket);
    }
    const dribble = setInterval(() => {
      for (const [n, socket] of sockets.entries()) if (n % starts.length > 0 && socket.writable) socket.write(' ');
    }, 500);
    while (sockets.some(({ connecting }) => connecting)) await pause(5);
    try {
      const agent = new Agent({ keepAlive: true, maxSockets: 4 });
      const timesMs: number[] = [];
      const good = async (client: number): Promise<void> => {
        for (let stock = 0; stock < 250; stock += 1) {
          const startedMs = performance.now();
          const json = { product_id: `p${client}`, stock };
          expect((await ask(agent, `${url}/events`, { method: 'POST', json })).status).to.equal(202);
          timesMs.push(performance.now() - startedMs);
        }
      };
      await Promise.all([0, 1, 2, 3].map((client) => good(client)));
      agent.destroy();
      expect(p99(timesMs)).to.be.below(GOOD_MS);
      expect(sockets.filter(({ destroyed }) => !destroyed).length).to.equal(SLOW_SOCKETS);
      expect(memoryMib(pid, 'VmRSS')).to.be.above(0);
    } finally {
      clearInterval(dribble);
      for (const socket of sockets) socket.destroy();
    }
  });
});

/** What `npm start` gives Node, but that it runs the sources. */
function startFlags(): readonly string[] {
  const { scripts } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { scripts: { start: string } };
  return (scripts.start.match(/--\S+/g) ?? []).filter((flag) => !flag.startsWith('--conditions='));
}

function memoryMib(pid: number, field: 'VmRSS' | 'VmHWM'): number {
  const [, kib = '0'] =
    new RegExp(`^${field}:\\s+(\\d+) kB$`, 'm').exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? [];
  return Number(kib) / 1024;
}

function p99(times: readonly number[] = []): number {
  expect(times.length).to.be.above(0);
  const sorted = times.toSorted((a, b) => a - b);
  return sorted[Math.floor(sorted.length * 0.99)] ?? Number.NaN;
}
