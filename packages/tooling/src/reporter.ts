import { relative } from 'node:path';
import { format } from 'node:util';
import Mocha from 'mocha';
import { type Failure, type Skip, removeSummary, writeSummary } from './summary.ts';

const { EVENT_RUN_END, EVENT_TEST_FAIL, EVENT_TEST_PASS, EVENT_TEST_PENDING } = Mocha.Runner.constants;

/** How long a process may live after its last test before that counts as a leak. */
const LEAK_LIMIT_MS = 10_000;

/**
 * Mocha's spec reporter, which also writes the package's summary. A failing hook counts as a failed test. A process that something keeps alive after
 * its last test (a socket, a timer, a server) is a failure too: it is ended, with a line that says what it was; the option `leakLimitMs` changes when.
 */
export default class SummaryReporter extends Mocha.reporters.Spec {
  constructor(runner: Mocha.Runner, options?: Mocha.MochaOptions) {
    super(runner, options);
    const packageDir = process.cwd();
    let passed = 0;
    let failed = 0;
    const skipped: Skip[] = [];
    removeSummary(packageDir);
    runner.on(EVENT_TEST_PASS, () => (passed += 1));
    runner.on(EVENT_TEST_FAIL, () => (failed += 1));
    runner.on(EVENT_TEST_PENDING, (test) => skipped.push({ title: test.fullTitle(), reason: reasonOf(test) }));
    runner.once(EVENT_RUN_END, () => {
      const failures = [...new Set(this.failures)].map((test) => failureOf(test, packageDir));
      writeSummary(packageDir, { passed, failed, skipped, failures });
      onLeak(leakLimitOf(options), (text) =>
        writeSummary(packageDir, {
          passed,
          failed: failed + 1,
          skipped,
          failures: [...failures, { file: null, text }],
        }),
      );
    });
  }
}

/** As mocha lists it. */
function failureOf(test: Mocha.Test, packageDir: string): Failure {
  const { Base } = Mocha.reporters;
  const lines: string[] = [];
  const { consoleLog } = Base;
  Base.consoleLog = (...printed: unknown[]) => void lines.push(format(...printed));
  Base.list([test]);
  Base.consoleLog = consoleLog;
  return { file: test.file === undefined ? null : relative(packageDir, test.file), text: lines.join('\n').trim() };
}

/** `it.skip('survives a restart (no server to restart)')` gives its reason in the last brackets; so may a suite around it. */
function reasonOf(test: Mocha.Test): string {
  const titles = test.titlePath().toReversed();
  for (const title of titles) {
    const reason = /\(([^()]+)\)$/.exec(title)?.[1];
    if (reason !== undefined) return reason;
  }
  return 'no reason given';
}

/** The timer itself keeps nothing alive: it only runs where something else does. */
function onLeak(limitMs: number, record: (what: string) => void): void {
  setTimeout(() => {
    const what = `Tests are over, but something keeps the process alive: ${process.getActiveResourcesInfo().join(', ')}`;
    record(what);
    console.error(what);
    process.kill(process.pid, 'SIGKILL'); // process.exit would end with the code that mocha has set by now
  }, limitMs).unref();
}

function leakLimitOf(options: Mocha.MochaOptions | undefined): number {
  const { leakLimitMs } = (options?.reporterOptions ?? {}) as { leakLimitMs?: unknown };
  return leakLimitMs === undefined ? LEAK_LIMIT_MS : Number(leakLimitMs);
}
