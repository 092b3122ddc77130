import { expect } from 'chai';
import { spawn, type ChildProcess, type StdioOptions } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync } from 'node:fs';
import { Agent } from 'node:http';
import { createServer, type AddressInfo } from 'node:net';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { ask, type Answer } from './client.ts';
import { metricsOf } from './metrics.ts';

const main = join(import.meta.dirname, 'fixtures/faulty-main.ts');

/** Where standard output and standard error go, and what becomes of them once the process runs. */
const outputs: readonly {
  readonly what: string;
  readonly open: () => StdioOptions;
  readonly spoil?: (child: ChildProcess) => void;
}[] = [
  {
    what: 'are on a full disk',
    open() {
      const full = openSync('/dev/full', 'w');
      return ['ignore', full, full];
    },
  },
  {
    what: 'are pipes that nobody has open any more',
    open: () => ['ignore', 'pipe', 'pipe'],
    spoil(child) {
      child.stdout?.destroy();
      child.stderr?.destroy();
    },
  },
  { what: 'are pipes that nobody reads', open: () => ['ignore', 'pipe', 'pipe'] },
];

describe('a process whose standard output and error', function () {
  this.timeout(60_000);
  let child: ChildProcess | undefined;
  const agent = new Agent({ keepAlive: true });

  afterEach(() => {
    child?.kill('SIGKILL');
    agent.destroy();
  });

  for (const { what, open, spoil } of outputs) {
    it(`${what} goes through an outage, counts the lines it dropped, and drains`, async () => {
      const url = `http://127.0.0.1:${await freePort()}`;
      const get = async (path: string): Promise<Answer> => ask(agent, url + path);
      const running = start(url, open());
      child = running;
      spoil?.(running);
      const ended = once(running, 'exit');
      while ((await get('/readyz').catch(() => undefined))?.status !== 200) await pause(20);

      await post(agent, url, 1, 'before');
      while ((await get('/products/before-0')).status !== 200) await pause(5);
      running.kill('SIGUSR2');
      while (metricsOf(await get('/metrics')).of('store_up') !== 0) await pause(5);
      await post(agent, url, 1, 'during');
      while ((JSON.parse((await get('/queue')).body) as { state: string }).state !== 'held') await pause(5);
      running.kill('SIGUSR2');
      while ((await get('/products/during-0')).status !== 200) await pause(5);

      // At `debug` these are far more lines than may wait for a reader.
      let dropped = 0;
      for (let round = 0; dropped === 0; round += 1) {
        await post(agent, url, 10_000, `round-${round}`);
        dropped = metricsOf(await get('/metrics')).of('log_lines_dropped_total');
      }
      while ((await get('/products/round-0-9999')).status !== 200) await pause(5);
      running.kill('SIGTERM');
      expect(await ended).to.deep.equal([0, null]);
    });
  }
});

function start(url: string, stdio: StdioOptions): ChildProcess {
  const env = {
    PATH: process.env['PATH'] ?? '',
    PORT: new URL(url).port,
    STORE_URL: 'faulty:',
    LOG_LEVEL: 'debug',
    SHUTDOWN_TIMEOUT_MS: '60000',
  };
  const child = spawn(process.execPath, ['--conditions=@product-updates/source', main], { env, stdio });
  for (const fd of new Set(stdio as unknown[])) if (typeof fd === 'number') closeSync(fd);
  return child;
}

/** The log, which tells the port otherwise, cannot be read. */
async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  return port;
}

async function post(agent: Agent, url: string, count: number, name: string): Promise<void> {
  const json = Array.from({ length: count }, (_, n) => ({ product_id: `${name}-${n}`, stock: n }));
  const { status, body } = await ask(agent, `${url}/events`, { method: 'POST', json });
  expect(status, body).to.equal(202);
}
