import { expect } from 'chai';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { createInterface } from 'node:readline';

const root = join(import.meta.dirname, '../../..');
const start = join(import.meta.dirname, '../start.js');
const PATH = process.env['PATH'] ?? '';

/** A Node.js of this machine that cannot strip types. */
function oldNode(): string | undefined {
  return PATH.split(delimiter)
    .map((folder) => join(folder, 'node'))
    .filter((path) => existsSync(path))
    .find((path) => spawnSync(path, ['-p', 'process.features.typescript'], { encoding: 'utf8' }).stdout !== 'strip\n');
}

describe('npm start', function () {
  this.timeout(60_000);

  it('serves, says nothing but its log, and hands SIGTERM on to the service', async () => {
    const npm = spawn('npm', ['start'], { cwd: root, env: { PATH, PORT: '0' }, stdio: ['ignore', 'pipe', 'pipe'] });
    const ended = once(npm, 'close');
    let stderr = '';
    npm.stderr.setEncoding('utf8').on('data', (chunk: string) => (stderr += chunk));
    const said: string[] = [];
    const log: Record<string, unknown>[] = [];
    try {
      for await (const line of createInterface({ input: npm.stdout })) {
        if (!line.startsWith('{')) said.push(line);
        else log.push(JSON.parse(line) as Record<string, unknown>);
        if (log.at(-1)?.['msg'] !== 'started') continue;
        // No shell is left in between: it would keep the signal to itself.
        const parent = readFileSync(`/proc/${String(log.at(-1)?.['pid'])}/stat`, 'utf8')
          .split(') ')[1]
          ?.split(' ')[1];
        expect(Number(parent)).to.equal(npm.pid);
        npm.kill('SIGTERM');
      }
      expect(await ended).to.deep.equal([0, null]);
    } finally {
      npm.kill('SIGKILL');
    }
    expect(stderr).to.equal('');
    // npm's own two lines, between empty ones.
    expect(said.filter((line) => line !== '')).to.have.length(2);
    expect(log.at(-1)).to.include({ msg: 'stopped: drained, nothing is left' });
  });

  it('runs the sources: nothing need be built', () => {
    const folder = mkdtempSync(join(tmpdir(), 'start-test-'));
    const env = { PATH, NODE_V8_COVERAGE: folder };
    const { status, stderr } = spawnSync('npm', ['run', 'migrate', '--', '--help'], {
      cwd: root,
      env,
      encoding: 'utf8',
    });
    expect({ status, stderr }).to.deep.equal({ status: 0, stderr: '' });
    const loaded = readdirSync(folder)
      .map((file) => readFileSync(join(folder, file), 'utf8'))
      .join('');
    rmSync(folder, { recursive: true });
    expect(loaded).to.include('/apps/server/src/run.ts"').and.to.include('/packages/http/src/index.ts"');
    expect(loaded).not.to.match(/\/(apps|packages)\/[\w-]+\/dist\//);
  });

  const old = oldNode();
  (old === undefined ? it.skip : it)(
    `says in one line which Node.js it needs${old === undefined ? ' (no older one here)' : ''}`,
    () => {
      const { status, stdout, stderr } = spawnSync(old ?? '', [start], { encoding: 'utf8', env: { PATH } });
      expect({ status, stdout }).to.deep.equal({ status: 1, stdout: '' });
      expect(stderr).to.match(
        /^product-update-service: this is Node\.js v[\d.]+, .*npm ci brings Node\.js 24 along.*\n$/,
      );
    },
  );
});
