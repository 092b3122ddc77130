import { expect } from 'chai';
import { setTimeout as pause } from 'node:timers/promises';
import { startServing, type Environment } from './child.ts';
import { startLoad } from './client.ts';

/** Stores and times that let a drain succeed, and such that do not. */
const cases: readonly { readonly env: Environment; readonly drains: boolean }[] = [
  { env: { STORE_URL: 'memory:' }, drains: true },
  { env: { STORE_URL: 'slow:?apply_ms=5', WORKERS: '5' }, drains: true },
  { env: { STORE_URL: 'slow:?apply_ms=50', BATCH_MAX: '20', SHUTDOWN_TIMEOUT_MS: '200' }, drains: false },
];
const times = process.env['LONG'] === undefined ? 15 : 200;
const AT_ONCE = 3;

describe('drain', function () {
  this.timeout(times * 20_000);

  it(`comes out even after each of ${times} SIGTERMs at random instants under load`, async () => {
    const codes: (number | null)[] = [];
    let next = 0;
    const lane = async (): Promise<void> => {
      while (next < times) {
        const n = next++;
        codes.push(await stopUnderLoad(cases[n % cases.length]!, n));
      }
    };
    await Promise.all(Array.from({ length: AT_ONCE }, lane));
    expect(new Set(codes)).to.deep.equal(new Set([0, 1]));
  });
});

/** Answers the exit code. */
async function stopUnderLoad({ env, drains }: (typeof cases)[number], n: number): Promise<number | null> {
  const child = await startServing(env, 'faulty');
  const load = startLoad(child.url, { connections: 8, size: 1 + ((n * 37) % 100) });
  while (load.accepted() === 0) await pause(1);
  const afterMs = Math.random() * 300;
  await pause(afterMs);
  child.kill('SIGTERM');
  const { code, stdout, stderr } = await child.ended;
  await load.ended;

  const last = child.lines().at(-1) as { msg: string; accepted: number; settled: number; left: number } | undefined;
  const answers = JSON.stringify([...load.statuses]);
  const told = `run ${n}, ${JSON.stringify(env)}, SIGTERM after ${afterMs} ms, answers ${answers}:\n${stdout}${stderr}`;
  for (const status of load.statuses.keys()) expect(status, told).to.be.oneOf([202, 503]);
  expect(last?.msg, told).to.match(/^stopped/);
  const { accepted = 0, settled = 0, left = 0 } = last ?? {};
  expect(accepted, told).to.equal(settled + left);
  expect(accepted, told).to.be.within(load.accepted(), load.sent());
  expect(code, told).to.equal(left === 0 ? 0 : 1);
  if (drains) expect(left, told).to.equal(0);
  return code;
}
