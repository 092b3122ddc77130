import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** What one package's test run came to; the reporter writes it, the runner adds them up. */
export interface Summary {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: readonly Skip[];
  readonly failures: readonly Failure[];
}

/** What the reporter shows of a failed test: title, error, difference, stack. */
export interface Failure {
  /** Relative to the package's folder; `null` where it is no test that failed. */
  readonly file: string | null;
  readonly text: string;
}

/** A test that did not run, and why: the text in brackets at the end of its title or of a suite's title around it. */
export interface Skip {
  readonly title: string;
  readonly reason: string;
}

/** So many skips with one reason are told by their number. */
const MANY = 20;

/** Where a package keeps its summary, relative to the package's folder: an output of the turbo task `test`. */
const SUMMARY_PATH = '.test/summary.json';

export function writeSummary(packageDir: string, summary: Summary): void {
  const path = join(packageDir, SUMMARY_PATH);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, `${JSON.stringify(summary, null, 2)}\n`);
}

/** undefined: the package's tests did not get as far as their end. */
export function readSummary(packageDir: string): Summary | undefined {
  const path = join(packageDir, SUMMARY_PATH);
  return existsSync(path) ? (JSON.parse(readFileSync(path, 'utf8')) as Summary) : undefined;
}

/** So that a run that dies half-way is not taken for the one before it. */
export function removeSummary(packageDir: string): void {
  rmSync(join(packageDir, SUMMARY_PATH), { force: true });
}

/** A package whose tests were asked to run; without a summary they broke off before their end. */
export interface PackageRun {
  readonly dir: string;
  readonly summary: Summary | undefined;
}

export interface Verdict {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
  readonly ok: boolean;
  /** For a reader, to print before the total: what was skipped and why, then what failed and what broke off. */
  readonly notes: readonly string[];
}

/**
 * Adds up. Tests that broke off count as one failure of their package, and so does a runner that says no though nothing else does (a crash
 * after the last test). Nothing passed is a failure too: green must mean that something was tried.
 */
export function verdict(runs: readonly PackageRun[], runnerSucceeded: boolean): Verdict {
  const skipped = runs.reduce((sum, { summary }) => sum + (summary?.skipped.length ?? 0), 0);
  const skips = runs.flatMap(({ dir, summary }) =>
    notesOfSkips(summary?.skipped ?? []).map((note) => `skipped: ${dir}: ${note}`),
  );
  const brokenOff = runs.filter(({ summary }) => summary === undefined);
  const failures = runs.flatMap(({ dir, summary }) =>
    (summary?.failures ?? []).map(({ file, text }) => `failed: ${dir}${file === null ? '' : `/${file}`}:\n${text}`),
  );
  const notes = [
    ...skips,
    ...failures,
    ...brokenOff.map(({ dir }) => `failed: ${dir}: its tests broke off before their end`),
  ];
  const passed = runs.reduce((sum, { summary }) => sum + (summary?.passed ?? 0), 0);
  let failed = runs.reduce((sum, { summary }) => sum + (summary?.failed ?? 1), 0);
  if (failed === 0 && !runnerSucceeded) {
    failed = 1;
    notes.push('failed: a test process ended badly although all its tests passed: see above');
  }
  if (passed === 0) notes.push('failed: not one test passed');
  return { passed, failed, skipped, ok: failed === 0 && passed > 0, notes };
}

/** One line for each test, but one in all for many with the same reason: those of a server that is not there. */
function notesOfSkips(skips: readonly Skip[]): string[] {
  const byReason = Map.groupBy(skips, ({ reason }) => reason);
  return [...byReason].flatMap(([reason, alike]) =>
    alike.length > MANY
      ? [`${alike.length} tests: ${reason}`]
      : alike.map(({ title }) => (title.includes(`(${reason})`) ? title : `${title}: ${reason}`)),
  );
}

/** The last line of `npm test`; continuous integration reads it. */
export function totalLine({ passed, failed, skipped }: Pick<Verdict, 'passed' | 'failed' | 'skipped'>): string {
  return `${passed} passed, ${failed} failed, ${skipped} skipped`;
}

/** The record of a long run, in Markdown. */
export function longRunReport(
  runs: readonly PackageRun[],
  about: { machine: string; commit: string; durationMs: number; at: Date },
): string {
  const rows = runs.map(({ dir, summary }) =>
    summary === undefined
      ? `| ${dir} | broke off | | |`
      : `| ${dir} | ${summary.passed} | ${summary.failed} | ${summary.skipped.length} |`,
  );
  return [
    `# Long test run of ${about.at.toISOString()}`,
    '',
    `Commit ${about.commit}, ${about.machine}, ${Math.round(about.durationMs / 1000)} s.`,
    '',
    '| package | passed | failed | skipped |',
    '|---|---|---|---|',
    ...rows,
    '',
    totalLine(verdict(runs, true)),
    '',
  ].join('\n');
}
