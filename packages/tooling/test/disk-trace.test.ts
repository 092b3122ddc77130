import { expect } from 'chai';
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buildDiskTrace, cutPower, diskOf, whyNoDiskTrace } from '../src/disk-trace.ts';

const missing = whyNoDiskTrace();
const a = 'a'.repeat(512);
const b = 'b'.repeat(512);

(missing === undefined ? describe : describe.skip)(`a power cut${missing === undefined ? '' : ` (${missing})`}`, () => {
  let folder: string;
  let file: string;
  before(function () {
    this.timeout(20_000);
    folder = mkdtempSync(join(tmpdir(), 'disk-trace-'));
    mkdirSync(join(folder, 'data'));
    file = join(folder, 'data', 'x.mdb');
    buildDiskTrace(join(folder, 'trace.so'));
  });
  beforeEach(() => writeFileSync(file, 'before'));
  after(() => rmSync(folder, { recursive: true }));

  /** What is left of the file after a process did this to it, when `random` decides. */
  function leftOf(script: string, random: readonly number[], env: Readonly<Record<string, string>> = {}): string {
    const disk = diskOf(folder);
    const open = `const fs = require('node:fs'); const fd = fs.openSync(process.argv[1], 'r+');`;
    const { status, stderr } = spawnSync(process.execPath, ['-e', open + script, file], {
      env: { LD_PRELOAD: join(folder, 'trace.so'), ...env },
      encoding: 'utf8',
    });
    expect(status, stderr).to.equal(0);
    const numbers = [...random];
    cutPower(folder, disk, () => numbers.shift() ?? 1);
    expect(readdirSync(join(folder, 'data')), 'the trace is gone').to.deep.equal(['x.mdb']);
    return readFileSync(file, 'latin1');
  }

  it('leaves what was synced, and takes what came later', () => {
    const script = `fs.writeSync(fd, '${a}', 0); fs.fdatasyncSync(fd); fs.writeSync(fd, '${b}', 512);`;
    expect(leftOf(script, [0, 1])).to.equal(a);
  });

  it('leaves of a later write any sectors, or all', () => {
    const script = `fs.writeSync(fd, '${a}', 0); fs.fsyncSync(fd); fs.writeSync(fd, '${b}${b}', 0);`;
    expect(leftOf(script, [0.5, 1, 0.1])).to.equal(a + b);
    expect(leftOf(script, [1])).to.equal(b + b);
  });

  it('takes all where nothing was synced', () => {
    expect(leftOf(`fs.writeSync(fd, 'after!', 0);`, [0, 1])).to.equal('before');
    expect(leftOf('', [])).to.equal('before');
  });

  it('knows writes of several parts, and such as are synced themselves', () => {
    const parts = `fs.writevSync(fd, [Buffer.from('${a}'), Buffer.from('${b}')]);`;
    expect(leftOf(`${parts} fs.fdatasyncSync(fd);`, [0, 1])).to.equal(a + b);
    const direct = `const d = fs.openSync(process.argv[1], fs.constants.O_WRONLY | fs.constants.O_DSYNC); fs.writeSync(d, 'direct', 0);`;
    expect(leftOf(direct, [0, 1])).to.equal(`direct${(a + b).slice(6)}`);
  });

  it('finds nothing synced on a disk that lies', () => {
    const script = `fs.writeSync(fd, 'after!', 0); fs.fdatasyncSync(fd);`;
    expect(leftOf(script, [0, 1], { LYING_DISK: '1' })).to.equal('before');
  });
});
