import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import { runBench } from '../src/bench.ts';
import { liveService } from '@product-updates/tooling/live-service';
import { parts, readOptions, type Part } from '../src/options.ts';

const live = { postgres: await liveService('postgres'), redis: await liveService('redis') };

const servers: Partial<Record<Part, readonly (keyof typeof live)[]>> = {
  postgres: ['postgres'],
  redis: ['redis'],
  'hot-backlog': ['postgres'],
  'read-under-load': ['postgres', 'redis'],
};

async function report(part: Part, ...more: readonly string[]): Promise<string> {
  const texts: string[] = [];
  const args = ['--quick', '--source', '--soak', '0.01', '--slow-sockets', '30', '--only', part, ...more];
  const options = { ...readOptions(args), parts: [part] };
  await runBench(options, { print: (text) => texts.push(text), progress: () => undefined });
  return texts.join('\n');
}

/** Every part for a fraction of a second: it runs, every answer is the expected one, and the report has its figures. */
describe('runBench', function () {
  this.timeout(120_000);

  it('compares the service with the others over HTTP', async () => {
    const text = await report('http');
    for (const name of ['POST /events, one', 'GET /products/{id}', 'arrays of 1,000']) expect(text).to.contain(name);
    for (const name of ['service', 'middleware', 'raw-bare', 'fastify']) {
      expect(text.split('\n').filter((line) => line.startsWith(`| ${name} `))).to.have.length(4);
    }
    expect(text).not.to.match(/NaN|Infinity|undefined/);
  });

  it('puts a server of somebody else beside them, and leaves out what that cannot do', async () => {
    const script = fileURLToPath(new URL('fixtures/no-arrays.ts', import.meta.url));
    const text = await report('http', '--against', `${process.execPath} ${script}`);
    expect(text.split('\n').filter((line) => line.includes('no-arrays.ts'))).to.have.length(3);
  });

  for (const part of parts.filter((part) => part !== 'http')) {
    const reason = missing(part);
    if (reason !== undefined) {
      it.skip(`runs ${part}: ${reason}`);
      continue;
    }
    it(`runs ${part}`, async () => {
      const text = await report(part);
      expect(text)
        .to.match(/\n## .+\n/)
        .and.to.match(/\n\| .*\d/);
      expect(text).not.to.match(/NaN|Infinity|undefined/);
    });
  }
});

/** Why a part cannot run here. */
function missing(part: Part): string | undefined {
  const needed = servers[part] ?? [];
  return needed.map((server) => ('missing' in live[server] ? live[server].missing : undefined)).find(Boolean);
}
