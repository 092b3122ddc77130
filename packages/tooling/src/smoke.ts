// npm run smoke: starts the service with the README's command on a free port, posts an update, reads it back, and stops it as an operator would.

import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

const root = join(import.meta.dirname, '../../..');
const START_LIMIT_MS = 60_000; // a machine may be busy
const VISIBLE_LIMIT_MS = 5_000;
const STOP_LIMIT_MS = 15_000;
const update = { product_id: 'p1', price: 99.99, stock: 50 };

async function main(): Promise<void> {
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const service = spawn('npm', ['start'], {
    cwd: root,
    env: { ...process.env, PORT: String(port) },
    stdio: ['ignore', 'inherit', 'inherit'],
    detached: true, // a process group of its own: nothing survives this script, and only npm gets the SIGTERM below
  });
  process.once('exit', () => killGroup(service));
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1));

  await until('the service is ready', START_LIMIT_MS, async () => {
    assert.equal(service.exitCode, null, 'npm start ended');
    return (await fetch(`${url}/readyz`)).status === 200;
  });

  const accepted = await post(`${url}/events`, update);
  assert.equal(accepted.status, 202, await accepted.clone().text());
  const { event_id } = (await accepted.json()) as { event_id: string };

  await until(
    'the update is visible',
    VISIBLE_LIMIT_MS,
    async () => (await fetch(`${url}/products/p1`)).status === 200,
  );
  assert.deepEqual(await (await fetch(`${url}/products/p1`)).json(), update);
  const fate = await (await fetch(`${url}/products/p1/events/${event_id}`)).json();
  assert.deepEqual(fate, { event_id, status: 'applied' });

  const ended = once(service, 'exit', { signal: AbortSignal.timeout(STOP_LIMIT_MS) });
  service.kill('SIGTERM');
  assert.deepEqual(await ended, [0, null], 'exit code and signal of npm start after SIGTERM');
  await assert.rejects(fetch(`${url}/livez`), 'nothing listens any more');
  console.log('smoke: ready, accepted, visible, stopped with 0');
}

function post(url: string, body: unknown): Promise<Response> {
  return fetch(url, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) });
}

async function until(what: string, limitMs: number, holds: () => Promise<boolean>): Promise<void> {
  const deadlineMs = Date.now() + limitMs;
  for (;;) {
    try {
      if (await holds()) return;
    } catch (error) {
      if (error instanceof assert.AssertionError) throw error; // no connection yet is what is waited for
    }
    assert.ok(Date.now() < deadlineMs, `${what}: not within ${limitMs} ms`);
    await sleep(50);
  }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  assert.ok(address !== null && typeof address === 'object');
  server.close();
  await once(server, 'close');
  return address.port;
}

function killGroup(child: ChildProcess): void {
  try {
    if (child.pid !== undefined) process.kill(-child.pid, 'SIGKILL');
  } catch {
    // The whole group is gone, as it should be.
  }
}

await main();
