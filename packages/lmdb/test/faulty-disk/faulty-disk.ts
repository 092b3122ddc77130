import { execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

/** What a process answered: a value, or the code of an error. */
export interface Answer {
  readonly value?: unknown;
  readonly code?: string;
  readonly says?: string;
}

/** A process of ours whose disk fails as it is told. */
export interface FaultyProcess extends AsyncDisposable {
  readonly folder: string;
  readonly trace: string;
  ask(line: string): Promise<Answer>;
  /** `sync 5`, say; '' heals. See faulty-disk.c. */
  fail(faults: string): void;
  kill(): Promise<void>;
}

/** Why there is none, or undefined. */
export function whyNoFaultyDisk(): string | undefined {
  if (process.platform !== 'linux') return 'a library is preloaded only on Linux';
  try {
    execFileSync('gcc', ['--version'], { stdio: 'ignore' });
    return undefined;
  } catch {
    return 'gcc is not there to compile what makes a disk fail';
  }
}

export async function startFaultyProcess(): Promise<FaultyProcess> {
  const root = mkdtempSync(join(tmpdir(), 'faulty-'));
  const [library, faults, trace, folder] = ['faulty-disk.so', 'faults', 'trace', 'data'].map((name) =>
    join(root, name),
  ) as [string, string, string, string];
  const source = join(import.meta.dirname, 'faulty-disk.c');
  execFileSync('gcc', ['-shared', '-fPIC', '-O1', '-o', library, source, '-ldl']);
  writeFileSync(faults, '');
  const child = spawn(process.execPath, [...process.execArgv, join(import.meta.dirname, 'process.ts'), folder], {
    // oxlint-disable-next-line node/no-process-env -- the child is this process with a library more
    env: { ...process.env, LD_PRELOAD: library, FAULTS: faults, TRACE: trace },
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  child.stdin.on('error', () => {}); // It may be gone.
  let complaints = '';
  child.stderr.on('data', (data: Buffer) => (complaints += data.toString()));
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  async function answer(): Promise<Answer> {
    // LMDB and lmdb-js print what they meet to the same place.
    for (;;) {
      const { value, done } = await lines.next();
      if (done === true) throw new Error(`the process ended: ${complaints}`);
      if (value.startsWith('{') || value === '"open"' || value === 'null') return JSON.parse(value) as Answer;
    }
  }
  const gone = once(child, 'exit');
  await answer();
  return {
    folder,
    trace,
    ask(line) {
      child.stdin.write(`${line}\n`);
      return answer();
    },
    fail: (text) => writeFileSync(faults, text),
    async kill() {
      child.kill('SIGKILL');
      await gone;
    },
    async [Symbol.asyncDispose]() {
      child.stdin.end();
      await gone;
      rmSync(root, { recursive: true });
    },
  };
}
