import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import {
  type Summary,
  longRunReport,
  readSummary,
  removeSummary,
  totalLine,
  verdict,
  writeSummary,
} from '../src/summary.ts';

const green: Summary = {
  passed: 3,
  failed: 0,
  skipped: [{ title: 'survives a restart', reason: 'no server' }],
  failures: [],
};

describe('verdict', () => {
  it('adds up and lists what was skipped with its reason', () => {
    const result = verdict(
      [
        { dir: 'packages/a', summary: green },
        { dir: 'packages/b', summary: { passed: 2, failed: 0, skipped: [], failures: [] } },
      ],
      true,
    );
    expect(totalLine(result)).to.equal('5 passed, 0 failed, 1 skipped');
    expect(result.ok).to.equal(true);
    expect(result.notes).to.deep.equal(['skipped: packages/a: survives a restart: no server']);
  });

  it('does not say twice a reason that stands in the title', () => {
    const skipped = [{ title: 'survives a kill (no server)', reason: 'no server' }];
    const { notes } = verdict([{ dir: 'packages/a', summary: { passed: 1, failed: 0, skipped, failures: [] } }], true);
    expect(notes).to.deep.equal(['skipped: packages/a: survives a kill (no server)']);
  });

  it('says once why many were skipped, and counts them all', () => {
    const missing = Array.from({ length: 60 }, (_, i) => ({ title: `R${i} (no server)`, reason: 'no server' }));
    const skipped = [...missing, { title: 'another', reason: 'a reason of its own' }];
    const result = verdict([{ dir: 'packages/a', summary: { passed: 1, failed: 0, skipped, failures: [] } }], true);
    expect(result.skipped).to.equal(61);
    expect(result.notes).to.deep.equal([
      'skipped: packages/a: 60 tests: no server',
      'skipped: packages/a: another: a reason of its own',
    ]);
  });

  it('fails on one failure, and tells it last', () => {
    const failures = [
      { file: 'test/a.test.ts', text: '1) a test:\n  Error: no' },
      { file: null, text: 'a leak' },
    ];
    const result = verdict([{ dir: 'packages/a', summary: { ...green, failed: 1, failures } }], false);
    expect(result.notes.slice(1)).to.deep.equal([
      'failed: packages/a/test/a.test.ts:\n1) a test:\n  Error: no',
      'failed: packages/a:\na leak',
    ]);
    expect(totalLine(result)).to.equal('3 passed, 1 failed, 1 skipped');
    expect(result.ok).to.equal(false);
  });

  it('fails on a package whose tests broke off', () => {
    const result = verdict(
      [
        { dir: 'packages/a', summary: green },
        { dir: 'packages/b', summary: undefined },
      ],
      true,
    );
    expect(totalLine(result)).to.equal('3 passed, 1 failed, 1 skipped');
    expect(result.ok).to.equal(false);
    expect(result.notes).to.include('failed: packages/b: its tests broke off before their end');
  });

  it('fails when the runner says no though every test passed', () => {
    const result = verdict([{ dir: 'packages/a', summary: green }], false);
    expect(totalLine(result)).to.equal('3 passed, 1 failed, 1 skipped');
    expect(result.ok).to.equal(false);
  });

  it('fails when nothing passed', () => {
    expect(verdict([{ dir: 'packages/a', summary: { ...green, passed: 0 } }], true).ok).to.equal(false);
    expect(verdict([], true).ok).to.equal(false);
  });
});

describe('a summary on the disk', () => {
  let dir: string;
  beforeEach(() => (dir = mkdtempSync(join(tmpdir(), 'summary-'))));
  afterEach(() => rmSync(dir, { recursive: true }));

  it('is read as it was written', () => {
    writeSummary(dir, green);
    expect(readSummary(dir)).to.deep.equal(green);
  });

  it('is gone when removed, also twice', () => {
    writeSummary(dir, green);
    removeSummary(dir);
    removeSummary(dir);
    expect(readSummary(dir)).to.equal(undefined);
  });
});

describe('longRunReport', () => {
  it('tells what was run, on what, and what came of it', () => {
    const runs = [
      { dir: 'packages/a', summary: green },
      { dir: 'packages/b', summary: undefined },
    ];
    const report = longRunReport(runs, {
      machine: 'a CPU × 2',
      commit: 'abc1234',
      durationMs: 61_400,
      at: new Date(0),
    });
    expect(report).to.include('1970-01-01T00:00:00.000Z').and.to.include('Commit abc1234, a CPU × 2, 61 s.');
    expect(report).to.include('| packages/a | 3 | 0 | 1 |').and.to.include('| packages/b | broke off | | |');
    expect(report).to.match(/\n3 passed, 1 failed, 1 skipped\n$/);
  });
});
