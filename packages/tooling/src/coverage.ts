// npm run coverage: every test with V8's coverage on, in all their processes; then c8's report, and the catch clauses that no test reached.
// Arguments go to the test run: npm run coverage -- --filter=@product-updates/queue

import { spawnSync } from 'node:child_process';
import { globSync, readFileSync, rmSync } from 'node:fs';
import { join, relative } from 'node:path';
import { pathToFileURL } from 'node:url';
import { CoverageCounts } from './coverage-counts.ts';
import { type Catch, unreachedCatches } from './uncovered-catches.ts';

const root = join(import.meta.dirname, '../../..');
const reports = join(root, 'coverage');
const raw = join(reports, 'raw');

rmSync(reports, { recursive: true, force: true });
const tests = spawnSync(
  process.execPath,
  [join(import.meta.dirname, 'run-tests.ts'), '--force', ...process.argv.slice(2)],
  { cwd: root, stdio: ['ignore', 'inherit', 'inherit'], env: { ...process.env, NODE_V8_COVERAGE: raw } },
);

const report = spawnSync('c8', ['report', ...c8Options()], { cwd: root, stdio: ['ignore', 'inherit', 'inherit'] });
const unreached = catchesOfPackages();
for (const { file, line } of unreached) console.log(`no test reaches this catch: ${file}:${line}`);
console.log(`${unreached.length} catch clauses in packages/*/src are reached by no test`);
process.exitCode = tests.status === 0 && report.status === 0 && unreached.length === 0 ? 0 : 1;

function c8Options(): string[] {
  const included = ['packages/*/src/**', 'packages/*/contract/**', 'apps/server/src/**'];
  return [
    `--temp-directory=${raw}`,
    `--reports-dir=${reports}`,
    '--reporter=text',
    '--reporter=html',
    '--all',
    '--src=packages',
    '--src=apps',
    ...included.map((pattern) => `--include=${pattern}`),
    '--exclude=packages/tooling/**',
  ];
}

function catchesOfPackages(): Catch[] {
  const counts = new CoverageCounts(root);
  for (const file of globSync('*.json', { cwd: raw })) counts.add(readFileSync(join(raw, file), 'utf8'));
  return globSync('packages/*/src/**/*.ts', { cwd: root, exclude: ['packages/tooling/**'] })
    .toSorted()
    .flatMap((file) => {
      const path = join(root, file);
      const source = readFileSync(path, 'utf8');
      return unreachedCatches(relative(root, path), source, (offset) => counts.at(pathToFileURL(path).href, offset));
    });
}
