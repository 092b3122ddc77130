import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { expect } from 'chai';
import { readSummary, writeSummary } from '../src/summary.ts';

const mocha = join(dirname(createRequire(import.meta.url).resolve('mocha/package.json')), 'bin/mocha.js');
const config = join(import.meta.dirname, '../mocha.json');
const reporter = join(import.meta.dirname, '../src/reporter.ts');

describe('the reporter', function () {
  this.timeout(20_000);
  let dir: string;
  beforeEach(() => (dir = mkdtempSync(join(tmpdir(), 'reporter-'))));
  afterEach(() => rmSync(dir, { recursive: true }));

  it('counts what passed, failed and was skipped', () => {
    const { status, stdout } = run(`
      it('passes', () => {});
      it('fails', () => { throw new Error('on purpose'); });
      it.skip('is left out (needs a moon)', () => {});
      describe('a suite (no server)', () => { it('skips itself', function () { this.skip(); }); });
      it('is still to be written');
    `);
    const { failures, ...summary } = readSummary(dir) ?? { failures: [] };
    expect(failures).to.have.length(1);
    expect(summary, stdout).to.deep.equal({
      passed: 1,
      failed: 1,
      skipped: [
        { title: 'is left out (needs a moon)', reason: 'needs a moon' },
        { title: 'is still to be written', reason: 'no reason given' },
        { title: 'a suite (no server) skips itself', reason: 'no server' },
      ],
    });
    expect(status).to.equal(1);
  });

  it('keeps what was said of each failure: where, title, error and difference', () => {
    run(`
      describe('a suite', () => {
        it('throws', () => { throw new Error('on purpose'); });
        it('differs', () => {
          throw Object.assign(new Error('no'), { actual: { a: 1 }, expected: { a: 2 }, showDiff: true });
        });
        it('fails twice', (done) => { done(new Error('the first')); done(new Error('the second')); });
      });
    `);
    const { failures } = readSummary(dir) ?? { failures: [] };
    expect(failures.map(({ file }) => file)).to.deep.equal(
      Array.from({ length: failures.length }, () => 'fixture.test.mjs'),
    );
    const [thrown, differing, twice] = failures.map(({ text }) => text);
    expect(thrown).to.match(/a suite\s+throws:\s+Error: on purpose\s+at .*fixture\.test\.mjs/);
    expect(differing)
      .to.match(/-\s+"a": 1/)
      .and.to.match(/\+\s+"a": 2/);
    expect(twice).to.include('the first');
  });

  it('counts a failing hook as a failure', () => {
    run(`
      before(() => { throw new Error('on purpose'); });
      it('never runs', () => {});
    `);
    const { failures, ...summary } = readSummary(dir) ?? { failures: [] };
    expect(summary).to.deep.equal({ passed: 0, failed: 1, skipped: [] });
    expect(failures[0]?.text).to.include('"before all" hook').and.to.include('on purpose');
  });

  it('leaves no summary of an earlier run when the run breaks off', () => {
    writeSummary(dir, { passed: 7, failed: 0, skipped: [], failures: [] });
    const { status } = run("it('dies', () => { process.kill(process.pid, 'SIGKILL'); });");
    expect(readSummary(dir)).to.equal(undefined);
    expect(status).to.not.equal(0);
  });

  it('ends a process that a leak keeps alive, and says what it is', () => {
    const { status, stderr } = run("it('leaves a timer', () => { setInterval(() => {}, 1_000); });", 'leakLimitMs=100');
    expect(stderr).to.include('something keeps the process alive: ').and.to.include('Timeout');
    expect(status).to.not.equal(0);
    const { failures, ...summary } = readSummary(dir) ?? { failures: [] };
    expect(summary).to.deep.equal({ passed: 1, failed: 1, skipped: [] });
    expect(stderr).to.include(failures[0]?.text);
  });

  it('runs under rules that refuse a forgotten only, and an empty file', () => {
    expect(run("it.only('alone', () => {});").status).to.not.equal(0);
    expect(run('').status).to.not.equal(0);
  });

  function run(
    source: string,
    option = 'leakLimitMs=10000',
  ): { status: number | null; stdout: string; stderr: string } {
    const file = join(dir, 'fixture.test.mjs');
    writeFileSync(file, source);
    const args = [mocha, '--config', config, '--reporter', reporter, '--reporter-option', option, '--spec', file];
    return spawnSync(process.execPath, args, { cwd: dir, encoding: 'utf8' });
  }
});
