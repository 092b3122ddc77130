import Mocha from 'mocha';
import { type Skip, removeSummary, writeSummary } from './summary.ts';

const { EVENT_RUN_END, EVENT_TEST_FAIL, EVENT_TEST_PASS, EVENT_TEST_PENDING } = Mocha.Runner.constants;

/** Mocha's spec reporter, which also writes the package's summary. A failing hook counts as a failed test. */
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
    runner.once(EVENT_RUN_END, () => writeSummary(packageDir, { passed, failed, skipped }));
  }
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
