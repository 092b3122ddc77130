import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** What one package's test run came to; the reporter writes it, the runner adds them up. */
export interface Summary {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: readonly Skip[];
}

/** A test that did not run, and why: the text in brackets at the end of its title or of a suite's title around it. */
export interface Skip {
  readonly title: string;
  readonly reason: string;
}

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
