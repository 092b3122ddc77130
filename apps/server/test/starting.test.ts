import { expect } from 'chai';
import { once } from 'node:events';
import { Agent } from 'node:http';
import { createServer, type AddressInfo } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import { startChild, type Child, type Environment } from './child.ts';
import { ask, type Answer } from './client.ts';

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

describe('starting while something is not there yet', function () {
  this.timeout(60_000);
  const children: Child[] = [];
  const agent = new Agent({ keepAlive: true });

  afterEach(async () => {
    for (const child of children.splice(0)) {
      child.kill('SIGKILL');
      await child.ended;
    }
  });
  after(() => agent.destroy());

  async function waitingFor(variable: string, env: Environment): Promise<Child & { url: string }> {
    const port = await freePort();
    const child = startChild({ PORT: String(port), ...env }, { main: 'faulty' });
    children.push(child);
    await child.said(`waiting for ${variable}: it cannot be used yet`);
    return { ...child, url: `http://127.0.0.1:${port}` };
  }

  const post = (url: string): Promise<Answer> =>
    ask(agent, `${url}/events`, { method: 'POST', json: { product_id: 'p1', stock: 1 } });

  for (const [variable, part] of [
    ['STORE_URL', 'store'],
    ['QUEUE_URL', 'queue'],
  ] as const) {
    it(`answers probes, refuses work, and goes on by itself when ${variable} comes`, async () => {
      const child = await waitingFor(variable, { [variable]: 'away:?times=3' });
      const { url } = child;
      expect((await ask(agent, `${url}/livez`)).status).to.equal(200);
      const ready = await ask(agent, `${url}/readyz`);
      expect(ready.status).to.equal(503);
      expect(ready.headers['retry-after']).to.equal('2');
      const { checks, ...rest } = JSON.parse(ready.body) as { checks: Record<string, object> };
      expect(rest).to.deep.include({
        ready: false,
        detail: `The server is starting and waits for ${variable}, try again later`,
        durability: { queue: null, store: null },
      });
      expect(checks[part]).to.have.property('error').that.includes('ECONNREFUSED redis://shop:***@db');
      expect(checks['consumer']).to.include({ ok: false, held_by: part });
      expect(checks[part === 'store' ? 'queue' : 'store']).to.deep.equal(
        part === 'store' ? { ok: false, error: 'QUEUE_URL waits for STORE_URL' } : { ok: true },
      );
      const refused = await post(url);
      expect(refused.status).to.equal(503);
      expect(refused.headers).to.include({ 'content-type': 'application/problem+json', 'retry-after': '2' });
      expect(refused.body).to.include(`waits for ${variable}`);
      const { body } = await ask(agent, `${url}/metrics`);
      expect(body).to.include('product_updates_store_up').and.to.include('refused_total{reason="starting"} 1');

      // Not one request is cut or lost on the way from one app to the other.
      const statuses: number[] = [];
      while (statuses.at(-1) !== 202) {
        statuses.push((await post(url)).status);
        await pause(5);
      }
      expect(new Set(statuses)).to.deep.equal(new Set([503, 202]));
      await child.said(`${variable} can be used now`);
      expect((await ask(agent, `${url}/readyz`)).status).to.equal(200);
      const said = child.lines().map(({ msg }) => msg);
      expect(said.indexOf('started')).to.be.above(said.indexOf(`${variable} can be used now`));
      expect(said.filter((msg) => msg.startsWith('waiting'))).to.have.length(1);
      child.kill('SIGTERM');
      const { code, stdout } = await child.ended;
      expect(code).to.equal(0);
      expect(stdout).not.to.include('hunter2');
    });
  }

  it('never says that it starts when everything is there', async () => {
    const port = await freePort();
    const url = `http://127.0.0.1:${port}`;
    const child = startChild({ PORT: String(port) });
    children.push(child);
    let first: Answer | undefined;
    // As early as anything listens, and before it says that it has started.
    while (first === undefined) first = await ask(agent, `${url}/readyz`).catch(() => undefined);
    expect(first.status).to.equal(200);
    await child.said('started');
  });

  it('ends with 1 as soon as waiting would not help', async () => {
    const child = await waitingFor('STORE_URL', { STORE_URL: 'away:?times=1&then=misconfigured' });
    const { code, stderr } = await child.ended;
    expect(code).to.equal(1);
    expect(stderr).to.equal('product-update-service: STORE_URL: no such database\n');
  });

  it('ends with 0 at once when it is stopped while it waits', async () => {
    const child = await waitingFor('STORE_URL', { STORE_URL: 'away:?times=1000000' });
    child.kill('SIGTERM');
    expect(await child.ended).to.include({ code: 0, signal: null, stderr: '' });
  });

  it('ends with 1 and the place of a bug that nobody caught while it waits', async () => {
    const { code, stderr } = await (await waitingFor('QUEUE_URL', { QUEUE_URL: 'bursting:' })).ended;
    expect(code).to.equal(1);
    expect(stderr).to.include('TypeError: a bug, password=***').and.to.include('faulty-main.ts');
  });

  it('looks at both URLs before it waits for either', async () => {
    const env = { PORT: '0', STORE_URL: 'away:?times=1000000', QUEUE_URL: 'nothing:' };
    const { code, stderr } = await startChild(env, { main: 'faulty' }).ended;
    expect(code).to.equal(1);
    expect(stderr).to.include('QUEUE_URL: unknown scheme "nothing:"');
  });
});
