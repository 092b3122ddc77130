import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openEnvironment } from '@product-updates/lmdb';
import { expect } from 'chai';
import { startFaultyProcess, whyNoFaultyDisk } from './faulty-disk/faulty-disk.ts';

/** What a process did to its file: wrote, wrote synchronously, synced; and which commit it heard of (its number is the offset). */
interface Step {
  readonly what: 'W' | 'D' | 'S' | 'A';
  readonly offset: number;
  readonly data: Buffer;
}

const SECTOR = 512;
// oxlint-disable-next-line node/no-process-env
const cuts = process.env['LONG'] === undefined ? 60 : 3000;
const reason = whyNoFaultyDisk();

(reason === undefined ? describe : describe.skip)(`a power cut${reason === undefined ? '' : ` (${reason})`}`, () => {
  it('loses nothing that resolved, wherever it cuts and whatever of the rest the disk had kept', async () => {
    const { steps, owner } = await record();
    const random = createRandom(7);
    const root = mkdtempSync(join(tmpdir(), 'cut-'));
    try {
      const commits = steps.filter(({ what }) => what === 'A').length;
      expect(commits).to.equal(60);
      for (let cut = 0; cut < cuts; cut++) {
        const at = 1 + Math.floor(random() * steps.length);
        const folder = join(root, String(cut));
        mkdirSync(folder);
        writeFileSync(join(folder, 'owner.lock'), owner);
        writeFileSync(join(folder, 'data.mdb'), diskAfter(steps.slice(0, at), random));
        await holds(folder, steps.slice(0, at), `cut ${cut} at ${at}`);
        rmSync(folder, { recursive: true });
      }
    } finally {
      rmSync(root, { recursive: true });
    }
  }).timeout(cuts * 500);
});

async function record(): Promise<{ readonly steps: readonly Step[]; readonly owner: Buffer }> {
  await using process = await startFaultyProcess();
  const first = readFileSync(join(process.folder, 'data.mdb'));
  const from = readFileSync(process.trace).length;
  expect(await process.ask('work 60')).to.deep.equal({});
  const steps: Step[] = [{ what: 'D', offset: 0, data: first }];
  const trace = readFileSync(process.trace).subarray(from);
  for (let at = 0; at < trace.length;) {
    const what = String.fromCharCode(trace[at] ?? 0) as Step['what'];
    const offset = what === 'A' ? trace.readUInt32LE(at + 1) : Number(trace.readBigUInt64LE(at + 1));
    const length = what === 'A' ? 0 : Number(trace.readBigUInt64LE(at + 9));
    steps.push({ what, offset, data: trace.subarray(at + 17, at + 17 + length) });
    at += 17 + length;
  }
  return { steps, owner: readFileSync(join(process.folder, 'owner.lock')) };
}

/** What was synced is there; of every later write any of its sectors, or none. */
function diskAfter(steps: readonly Step[], random: () => number): Buffer {
  const synced = steps.findLastIndex(({ what }) => what === 'S');
  const end = Math.max(...steps.map(({ offset, data, what }) => (what === 'A' ? 0 : offset + data.length)), 0);
  const disk = Buffer.alloc(end);
  let size = 0;
  for (const [index, { what, offset, data }] of steps.entries()) {
    const isSafe = what === 'D' || index < synced;
    const keep = isSafe ? 1 : random();
    for (let at = 0; at < data.length; at += SECTOR) {
      if (!isSafe && random() > keep) continue;
      data.copy(disk, offset + at, at, at + SECTOR);
      size = Math.max(size, offset + Math.min(at + SECTOR, data.length));
    }
  }
  return disk.subarray(0, size);
}

async function holds(folder: string, steps: readonly Step[], cut: string): Promise<void> {
  const resolved = steps.findLast(({ what }) => what === 'A')?.offset ?? 0;
  const options = { part: 'store', format: 1, migrations: {}, maxBytes: 2 ** 30 };
  await using environment = await openEnvironment(folder, options);
  const table = environment.numberedTable('t');
  const last = commitOf(table.get(1000));
  expect(last, `${cut}: the last commit`).to.be.within(resolved, resolved + 1);
  for (let key = 0; key < 40; key++) {
    // The newest commit up to the last that wrote this key.
    const expected = last - ((((last - key) % 8) + 8) % 8);
    const value = table.get(key);
    expect(commitOf(value), `${cut}: key ${key}`).to.equal(Math.max(expected, 0));
    const filler = new Set(value?.subarray(4) ?? []);
    expect([...filler], `${cut}: key ${key}, not mixed`).to.deep.equal(value === undefined ? [] : [expected % 251]);
  }
}

function commitOf(value: Uint8Array | undefined): number {
  return value === undefined ? 0 : Buffer.from(value).readUInt32LE();
}

function createRandom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}
