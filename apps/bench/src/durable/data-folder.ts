import { mkdtempSync, rmSync, statfsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A fresh folder on a disk, removed at the end. */
export interface DataFolder extends Disposable {
  readonly path: string;
}

/** Of `statfs`: Linux' TMPFS_MAGIC. What is synced there costs nothing and survives nothing. */
const TMPFS = 0x01021994;

/** In the folder for temporary files, or in the working directory where the former lives in memory. */
export function createDataFolder(): DataFolder {
  const parent = [tmpdir(), process.cwd()].find((folder) => statfsSync(folder).type !== TMPFS);
  if (parent === undefined) throw new Error('no disk to measure: TMPDIR and the working directory live in memory');
  const path = mkdtempSync(join(parent, 'bench-'));
  return { path, [Symbol.dispose]: () => rmSync(path, { recursive: true, force: true }) };
}
