// npm test: every package's tests by turbo, then one line that adds them up. Arguments after `--` go to turbo: npm test -- --filter=@product-updates/queue

import { spawn, spawnSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { availableParallelism, cpus } from 'node:os';
import { join } from 'node:path';
import { answeringServices } from './live-service.ts';
import { type PackageRun, longRunReport, readSummary, removeSummary, totalLine, verdict } from './summary.ts';

const root = join(import.meta.dirname, '../../..');
const LONG_RUN_REPORT = '.test/long-run.md';
/** A test that never ends must not hold up a machine; long runs may. */
const LIMIT_MS = 20 * 60_000;

/** Two of them fit two cores and leave each test the time it expects. */
const CONCURRENCY = Math.max(1, Math.min(4, availableParallelism()));

async function main(args: readonly string[]): Promise<void> {
  const long = args.includes('--long');
  const turboArgs = args.filter((arg) => arg !== '--long');
  const env: NodeJS.ProcessEnv = {
    ...process.env,
    TURBO_TELEMETRY_DISABLED: '1',
    DO_NOT_TRACK: '1',
    // What was skipped because a server was missing runs when it is there: turbo tells the runs apart by this.
    SERVICES_ANSWERING: (await answeringServices()).join(),
    ...(long ? { LONG: '1' } : {}),
  };
  const startedMs = Date.now();

  const packageDirs = packagesToTest(turboArgs, env);
  for (const dir of packageDirs) removeSummary(join(root, dir));
  const status = await runTurbo(
    ['test', '--continue', '--log-order=stream', `--concurrency=${CONCURRENCY}`, ...turboArgs],
    env,
    long ? undefined : LIMIT_MS,
  );
  const runs = packageDirs.map((dir): PackageRun => ({ dir, summary: readSummary(join(root, dir)) }));

  const result = verdict(runs, status === 0);
  if (long) writeLongRun(runs, Date.now() - startedMs);
  for (const note of result.notes) console.log(note);
  console.log(totalLine(result));
  process.exitCode = result.ok ? 0 : 1;
}

/** The folders whose `test` these turbo arguments would run, relative to the root. */
function packagesToTest(turboArgs: readonly string[], env: NodeJS.ProcessEnv): string[] {
  const { status, stdout, stderr } = spawnSync('turbo', ['run', 'test', '--dry=json', ...turboArgs], {
    cwd: root,
    env,
    encoding: 'utf8',
    maxBuffer: 64 * 1024 * 1024,
  });
  if (status !== 0) throw new Error(`turbo could not plan the tests:\n${stdout ?? ''}${stderr ?? ''}`);
  const { tasks } = JSON.parse(stdout) as { tasks: { task: string; directory: string; command: string }[] };
  return tasks
    .filter(({ task, command }) => task === 'test' && command !== '<NONEXISTENT>')
    .map(({ directory }) => directory);
}

function runTurbo(
  args: readonly string[],
  env: NodeJS.ProcessEnv,
  timeout: number | undefined,
): Promise<number | null> {
  return new Promise((resolve, reject) => {
    const turbo = spawn('turbo', ['run', ...args], {
      cwd: root,
      env,
      stdio: ['ignore', 'inherit', 'inherit'],
      timeout,
    });
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => turbo.kill(signal));
    turbo.once('error', reject);
    turbo.once('close', resolve);
  });
}

function writeLongRun(runs: readonly PackageRun[], durationMs: number): void {
  const machine = `${cpus()[0]?.model ?? 'unknown CPU'} × ${availableParallelism()}, Node ${process.version}`;
  const commit = spawnSync('git', ['rev-parse', '--short', 'HEAD'], { cwd: root, encoding: 'utf8' }).stdout.trim();
  mkdirSync(join(root, '.test'), { recursive: true });
  writeFileSync(join(root, LONG_RUN_REPORT), longRunReport(runs, { machine, commit, durationMs, at: new Date() }));
  console.log(`Written: ${LONG_RUN_REPORT}`);
}

await main(process.argv.slice(2));
