import { expect } from 'chai';
import { readFileSync } from 'node:fs';
import { Agent } from 'node:http';
import { createServer, type AddressInfo } from 'node:net';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { startChild, startServing, type Child, type Environment } from './child.ts';
import { ask, startLoad } from './client.ts';

describe('the process', function () {
  this.timeout(60_000);
  const children: Child[] = [];
  const agent = new Agent({ keepAlive: true });

  const serving = async (
    env: Environment = {},
    main: 'source' | 'faulty' = 'source',
  ): Promise<Child & { url: string }> => {
    const child = await startServing(env, main);
    children.push(child);
    return child;
  };

  afterEach(async () => {
    for (const child of children.splice(0)) {
      child.kill('SIGKILL');
      await child.ended;
    }
  });
  after(() => agent.destroy());

  it('says at its start what it is, and that memory forgets', async () => {
    const child = await serving({ WORKERS: '5' });
    const started = await child.said('started');
    expect(started).to.include({
      level: 'info',
      pid: child.pid,
      queue: 'memory, at most 100000 messages',
      queue_durability: 'none',
      recovered: 0,
      store: 'memory',
      store_durability: 'none',
      workers: 5,
      role: 'all',
      api_keys: 0,
    });
    expect(started['address']).to.match(/^http:\/\/127\.0\.0\.1:[1-9]\d*$/);
    expect(await child.said('the queue is in memory: a restart loses the updates that wait in it')).to.include({
      level: 'warn',
    });
  });

  it('takes an update and answers it', async () => {
    const { url } = await serving();
    const update = { product_id: 'p1', price: 99.99, stock: 50 };
    const accepted = await ask(agent, `${url}/events`, { method: 'POST', json: update });
    expect(accepted.status).to.equal(202);
    const { event_id } = JSON.parse(accepted.body) as { event_id: string };
    await visible(url, 'p1', event_id);
    const { status, body } = await ask(agent, `${url}/products/p1`);
    expect(status).to.equal(200);
    expect(JSON.parse(body)).to.deep.equal(update);
  });

  async function visible(url: string, id: string, event_id: string, through = agent): Promise<void> {
    for (;;) {
      const { body } = await ask(through, `${url}/products/${id}/events/${event_id}`);
      if ((JSON.parse(body) as { status: string }).status !== 'pending') return;
    }
  }

  it('reads back 2,000 products that were posted at the same time, with five workers', async () => {
    const { url } = await serving({ WORKERS: '5' });
    const many = new Agent({ keepAlive: true, maxSockets: 100 });
    const updates = Array.from({ length: 2000 }, (_, n) => ({ product_id: `p${n}`, price: n / 100, stock: n }));
    const accepted = await Promise.all(updates.map((json) => ask(many, `${url}/events`, { method: 'POST', json })));
    expect(new Set(accepted.map(({ status }) => status))).to.deep.equal(new Set([202]));
    const ids = accepted.map(({ body }) => (JSON.parse(body) as { event_id: string }).event_id);
    await Promise.all(ids.map((event_id, n) => visible(url, `p${n}`, event_id, many)));
    const read = await Promise.all(updates.map(({ product_id }) => ask(many, `${url}/products/${product_id}`)));
    expect(read.map(({ body }) => JSON.parse(body) as unknown)).to.deep.equal(updates);
    many.destroy();
  });

  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    it(`drains under full load at ${signal} and ends with 0`, async () => {
      const child = await serving();
      const load = startLoad(child.url, { connections: 20, size: 100 });
      while (load.accepted() < 20_000) await pause(5);
      child.kill(signal);
      const { code, stderr } = await child.ended;
      await load.ended;
      expect(stderr).to.equal('');
      expect(code).to.equal(0);
      const last = child.lines().at(-1);
      expect(last).to.include({ level: 'info', msg: 'stopped: drained, nothing is left', left: 0 });
      expect(last?.['settled']).to.equal(last?.['accepted']);
      expect(last?.['settled']).to.be.at.least(load.accepted());
    });
  }

  it('ends with 1 and says what was left when its time is over', async () => {
    const child = await serving({ STORE_URL: 'stuck:', SHUTDOWN_TIMEOUT_MS: '300' }, 'faulty');
    const json = Array.from({ length: 7 }, (_, n) => ({ product_id: `p${n}`, stock: n }));
    await ask(agent, `${child.url}/events`, { method: 'POST', json });
    child.kill('SIGTERM');
    const { code } = await child.ended;
    expect(code).to.equal(1);
    const told = child.lines().filter(({ level }) => level === 'error');
    expect(told).to.have.length(1);
    expect(told[0]).to.include({
      msg: 'stopped: 7 updates were left: in the memory of this process, gone with it',
      left: 7,
      accepted: 7,
      settled: 0,
    });
  });

  it('stops at once when it is asked a second time', async () => {
    const child = await serving({ STORE_URL: 'stuck:', SHUTDOWN_TIMEOUT_MS: '3600000' }, 'faulty');
    await ask(agent, `${child.url}/events`, { method: 'POST', json: { product_id: 'p1', stock: 1 } });
    child.kill('SIGTERM');
    await child.said('asked to stop');
    await pause(300);
    child.kill('SIGINT');
    const { code } = await child.ended;
    expect(code).to.equal(1);
    await child.said('asked again to stop: stopping at once');
    expect(child.lines().at(-1)).to.include({ level: 'error', left: 1 });
  });

  it('takes one Ctrl-C that comes twice (from the terminal and from npm) as one', async () => {
    const child = await serving({ STORE_URL: 'slow:?apply_ms=400' }, 'faulty');
    await ask(agent, `${child.url}/events`, { method: 'POST', json: { product_id: 'p1', stock: 1 } });
    child.kill('SIGINT');
    child.kill('SIGINT');
    expect((await child.ended).code).to.equal(0);
  });

  for (const [store, what] of [
    ['throwing:', 'an exception that nobody caught: stopping'],
    ['rejecting:', 'a rejection that nobody handled: stopping'],
  ] as const) {
    it(`brings home what it has and ends with 1 after ${what.split(':')[0]}`, async () => {
      const child = await serving({ STORE_URL: store }, 'faulty');
      await ask(agent, `${child.url}/events`, { method: 'POST', json: { product_id: 'p1', stock: 1 } });
      const { code, stdout } = await child.ended;
      expect(code).to.equal(1);
      expect(await child.said(what)).to.include({ level: 'error', error: 'a bug, password=***' });
      expect(stdout).not.to.include('hunter2');
      expect(child.lines().at(-1)).to.include({ accepted: 1, settled: 1, left: 0 });
    });
  }

  it('ends with 1 when it breaks down on its way out', async () => {
    const child = await serving({ QUEUE_URL: 'breaking:' }, 'faulty');
    child.kill('SIGTERM');
    const { code } = await child.ended;
    expect(code).to.equal(1);
    expect(child.lines().at(-1)).to.include({
      level: 'error',
      msg: 'stopped: it broke down',
      error: 'the queue forgot',
    });
  });

  it('stops at once while it still starts: nothing was accepted', async () => {
    const child = startChild({ QUEUE_URL: 'opening:' }, { main: 'faulty' });
    await child.complained('opening');
    child.kill('SIGTERM');
    expect(await child.ended).to.include({ code: 0, signal: null, stdout: '' });
  });

  it('shows the place of a bug that keeps it from starting, without secrets', async () => {
    const { code, stdout, stderr } = await startChild({ QUEUE_URL: 'buggy:' }, { main: 'faulty' }).ended;
    expect({ code, stdout }).to.deep.equal({ code: 1, stdout: '' });
    expect(stderr).to.include('TypeError: a bug, password=***').and.to.include('faulty-main.ts');
  });

  it('says in one line that its port is in use, and ends with 1', async () => {
    const other = createServer().listen(0, '127.0.0.1');
    await new Promise((resolve) => other.once('listening', resolve));
    const { port } = other.address() as AddressInfo;
    const { code, stdout, stderr } = await startChild({ PORT: String(port) }).ended;
    other.close();
    expect(code).to.equal(1);
    expect(stdout).to.equal('');
    expect(stderr).to.equal(
      `product-update-service: PORT ${port} of 127.0.0.1 is in use: stop what listens there, or set another PORT\n`,
    );
  });

  it('says in one line what is wrong with the environment, and ends with 1', async () => {
    const secret = 'amqp://shop:hunter2@broker';
    const cases: [Environment, string][] = [
      [{ WORKERS: '65' }, 'WORKERS is a whole number from 1 to 64, not "65"'],
      [{ QUEUE_URL: secret }, 'QUEUE_URL: unknown scheme "amqp:"; known: memory:, lmdb:'],
      [{ HOST: '192.0.2.1', ALLOW_ANONYMOUS: 'true' }, 'HOST 192.0.2.1 is no address of this machine'],
    ];
    for (const [{ code, stdout, stderr }, line] of await Promise.all(
      cases.map(async ([env, line]) => [await startChild({ PORT: '0', ...env }).ended, line] as const),
    )) {
      expect({ code, stdout, stderr }).to.deep.equal({
        code: 1,
        stdout: '',
        stderr: `product-update-service: ${line}\n`,
      });
    }
  });

  it('refuses arguments that it does not know, without their secrets', async () => {
    const refused = [
      [['--port=80'], '--port=80'],
      [['--help', 'serve'], 'serve'],
      [['--store=postgres://shop:hunter2@db/shop'], '--store=postgres://shop:***@db/shop'],
    ] as const;
    const ends = refused.map(async ([args, told]) => [told, await startChild({}, { args: [...args] }).ended] as const);
    for (const [told, { code, stdout, stderr }] of await Promise.all(ends)) {
      const line = `product-update-service: unknown argument "${told}"; known: migrate, --version, --help, -h\n`;
      expect({ code, stdout, stderr }).to.deep.equal({ code: 2, stdout: '', stderr: line });
    }
  });

  it('prints its help and its version, and ends with 0', async () => {
    const help = await startChild({ PORT: 'nonsense' }, { args: ['--help'] }).ended;
    expect(help).to.include({ code: 0, stderr: '' });
    for (const name of ['PORT', 'QUEUE_URL', 'OTEL_EXPORTER_OTLP_ENDPOINT']) {
      expect(help.stdout).to.include(`\n${name} `);
    }
    expect(await startChild({ PORT: 'nonsense' }, { args: ['-h'] }).ended).to.deep.equal(help);
    const { version } = JSON.parse(readFileSync(join(import.meta.dirname, '../package.json'), 'utf8')) as {
      version: string;
    };
    expect(await startChild({}, { args: ['--version'] }).ended).to.include({
      code: 0,
      stdout: `${version}\n`,
      stderr: '',
    });
  });
});
