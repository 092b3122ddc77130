import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** How much of a file is on the disk whole or not at all. */
const SECTOR = 512;
const HEAD = 17;

/** Why the power cannot be cut here, or `undefined`. */
export function whyNoDiskTrace(): string | undefined {
  if (process.platform !== 'linux') return 'a library is preloaded only on Linux';
  try {
    execFileSync('gcc', ['--version'], { stdio: 'ignore' });
    return undefined;
  } catch {
    return 'gcc is not there to compile what traces the disk';
  }
}

/** Builds what a process preloads (`LD_PRELOAD`) so that the power of its `.mdb` files can be cut. */
export function buildDiskTrace(library: string): void {
  execFileSync('gcc', ['-shared', '-fPIC', '-O1', '-o', library, join(import.meta.dirname, 'disk-trace.c'), '-ldl']);
}

/** The data files below a folder, as they are before a process opens them. */
export type Disk = ReadonlyMap<string, Buffer>;

/** To be called before the process starts; forgets what was traced before. */
export function diskOf(folder: string): Disk {
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).map((name) => join(folder, name));
  for (const trace of files.filter((name) => name.endsWith('.mdb.trace'))) rmSync(trace);
  return new Map(files.filter((name) => name.endsWith('.mdb')).map((name) => [name, readFileSync(name)]));
}

/**
 * To be called when the process is gone: leaves of its files what a disk is sure to have when the power fails, which is
 * what was synced, and of each later write any of its sectors, all, or none.
 */
export function cutPower(folder: string, before: Disk, random: () => number): void {
  const names = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.mdb'));
  for (const file of names.map((name) => join(folder, name))) {
    const trace = `${file}.trace`;
    if (!existsSync(trace)) continue;
    const disk = diskAfter(before.get(file) ?? Buffer.alloc(0), stepsIn(readFileSync(trace)), random);
    writeFileSync(file, disk);
    rmSync(trace);
  }
}

interface Step {
  readonly what: string;
  readonly offset: number;
  readonly data: Buffer;
}

/** What a kill cut off at the end did not happen. */
function stepsIn(trace: Buffer): Step[] {
  const steps: Step[] = [];
  for (let at = 0; at + HEAD <= trace.length;) {
    const length = Number(trace.readBigUInt64LE(at + 9));
    const end = at + HEAD + length;
    if (end > trace.length) break;
    const what = String.fromCharCode(trace[at] ?? 0);
    steps.push({ what, offset: Number(trace.readBigUInt64LE(at + 1)), data: trace.subarray(at + HEAD, end) });
    at = end;
  }
  return steps;
}

/** Safe is what was written before the last sync began that has ended. */
function diskAfter(before: Buffer, steps: readonly Step[], random: () => number): Buffer {
  const ended = steps.findLastIndex(({ what }) => what === 'S');
  const safe = ended < 0 ? -1 : steps.findLastIndex(({ what }, i) => what === 's' && i < ended);
  const end = Math.max(before.length, ...steps.map(({ offset, data }) => offset + data.length));
  const disk = Buffer.alloc(end);
  before.copy(disk);
  let size = before.length;
  for (const [i, { what, offset, data }] of steps.entries()) {
    if (data.length === 0) continue;
    const share = what === 'D' || i < safe ? 1 : random();
    for (let at = 0; at < data.length; at += SECTOR) {
      if (share < 1 && random() > share) continue;
      data.copy(disk, offset + at, at, at + SECTOR);
      size = Math.max(size, offset + Math.min(at + SECTOR, data.length));
    }
  }
  return disk.subarray(0, size);
}
