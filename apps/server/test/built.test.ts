import { expect } from 'chai';
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, readFileSync, realpathSync } from 'node:fs';
import { Agent } from 'node:http';
import { delimiter, join } from 'node:path';
import { startServing } from './child.ts';
import { ask } from './client.ts';

const folder = join(import.meta.dirname, '..');
const RSS_MAX_KIB = 120 * 1024;

/** Every `node` of this machine that is new enough, each version once. */
function nodes(): Map<string, string> {
  const found = new Map([[process.version, process.execPath]]);
  for (const entry of (process.env['PATH'] ?? '').split(delimiter)) {
    const path = join(entry, 'node');
    if (!existsSync(path)) continue;
    const { stdout } = spawnSync(realpathSync(path), ['--version'], { encoding: 'utf8', env: {} });
    const [major = 0, minor = 0] = stdout.replace('v', '').split('.').map(Number);
    if (major > 20 || (major === 20 && minor >= 19)) found.set(stdout.trim(), found.get(stdout.trim()) ?? path);
  }
  return found;
}

describe('the built service', function () {
  this.timeout(120_000);

  before(() => {
    const tsc = join(folder, '../../node_modules/typescript/bin/tsc');
    execFileSync(process.execPath, [tsc, '-b', 'tsconfig.build.json'], { cwd: folder, stdio: 'inherit' });
  });

  for (const [version, node] of nodes()) {
    it(`serves, stays small and drains on Node ${version}`, async () => {
      const agent = new Agent({ keepAlive: true });
      const child = await startServing({}, 'built', node);
      const update = { product_id: 'p1', price: 99.99, stock: 50 };
      expect((await ask(agent, `${child.url}/events`, { method: 'POST', json: update })).status).to.equal(202);
      while ((await ask(agent, `${child.url}/products/p1`)).status !== 200);
      expect(JSON.parse((await ask(agent, `${child.url}/products/p1`)).body)).to.deep.equal(update);
      const [, rss] = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${child.pid}/status`, 'utf8')) ?? [];
      expect(Number(rss)).to.be.within(1, RSS_MAX_KIB);
      agent.destroy();
      child.kill('SIGTERM');
      expect((await child.ended).code).to.equal(0);
      expect((await child.said('started'))['node']).to.equal(version);
    });
  }
});
