import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { availableParallelism, cpus } from 'node:os';
import { dirname, join } from 'node:path';
import type { Seen } from './world.ts';

const FILE = join(import.meta.dirname, '../results/crash.md');
const HEAD = [
  '# Crash runs',
  '',
  'What `npm run test:long` has counted in `test/crash.test.ts`, the last run of each. *Lost* counts everything that was',
  'wrong: an accepted update that is not shown, a value that nobody sent, a dead letter, a queue that does not drain.',
  '*Unanswered* were cut by a kill: each may be there or not. Every kill is `kill -9`, under load, those of the service also',
  'while it starts, recovers or drains; it leaves the page cache as it is. A *power cut* takes that too: of the data files is',
  'left what was synced, and of each later write any sectors or none. Not tried: losing the power of a database’s machine.',
  '',
  '| run | date | kills | starts of the service | checks of everything | accepted | unanswered | lost | ready again, median / p99 / most | seed | machine |',
  '|---|---|---|---|---|---|---|---|---|---|---|',
];

/** One line about a run, for a title. */
export function summaryOf(seen: Seen): string {
  const { kills, accepted, unanswered, checks, faultCount } = seen;
  return `${kills} kills, ${accepted} accepted, ${unanswered} unanswered, ${checks} checks, ${faultCount} lost; ready again after ${times(seen)} ms`;
}

/** Several runs as if they were one. */
export function total(runs: readonly Seen[]): Seen {
  const sum = (count: (seen: Seen) => number): number => runs.reduce((all, seen) => all + count(seen), 0);
  return {
    kills: sum(({ kills }) => kills),
    starts: sum(({ starts }) => starts),
    checks: sum(({ checks }) => checks),
    accepted: sum(({ accepted }) => accepted),
    unanswered: sum(({ unanswered }) => unanswered),
    faultCount: sum(({ faultCount }) => faultCount),
    readyMs: runs.flatMap(({ readyMs }) => readyMs),
    faults: runs.flatMap(({ faults }) => faults),
  };
}

/** Puts the run into the kept file, in place of the one before it. */
export function record(run: string, seen: Seen, seed: number): void {
  const machine = `${cpus()[0]?.model ?? 'unknown'} × ${availableParallelism()}, Node ${process.version}`;
  const { kills, starts, checks, accepted, unanswered, faultCount } = seen;
  const date = new Date().toISOString().slice(0, 10);
  const cells = [
    run,
    date,
    kills,
    starts,
    checks,
    accepted,
    unanswered,
    faultCount,
    `${times(seen)} ms`,
    seed,
    machine,
  ];
  const others = (existsSync(FILE) ? readFileSync(FILE, 'utf8').split('\n').slice(HEAD.length) : []).filter(
    (line) => line.startsWith('| ') && !line.startsWith(`| ${run} |`),
  );
  mkdirSync(dirname(FILE), { recursive: true });
  writeFileSync(FILE, [...HEAD, ...[...others, `| ${cells.join(' | ')} |`].toSorted(), ''].join('\n'));
}

function times({ readyMs }: Seen): string {
  const sorted = readyMs.toSorted((a, b) => a - b);
  const at = (share: number): number =>
    Math.round(sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0);
  return `${at(0.5)} / ${at(0.99)} / ${at(1)}`;
}
