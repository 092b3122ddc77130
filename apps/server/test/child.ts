import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';

export interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

export type Line = Record<string, unknown> & { level: string; msg: string };

export interface Child {
  readonly pid: number;
  /** Resolves with a line of the log that has this message; rejects when the process ends without it. */
  said(msg: string): Promise<Line>;
  /** Resolves when this is somewhere in its standard error. */
  complained(text: string): Promise<void>;
  lines(): Line[];
  kill(signal: NodeJS.Signals): void;
  readonly ended: Promise<Ended>;
}

export type Environment = Readonly<Record<string, string>>;

const mains: Readonly<Record<'source' | 'faulty' | 'spoilt' | 'built', string>> = {
  source: join(import.meta.dirname, '../src/main.ts'),
  built: join(import.meta.dirname, '../dist/src/main.js'),
  faulty: join(import.meta.dirname, 'fixtures/faulty-main.ts'),
  spoilt: join(import.meta.dirname, 'fixtures/spoilt-main.ts'),
};

/** Starts the service as a process of its own, with this environment and nothing of ours but the path. */
export function startChild(
  env: Environment,
  options: { main?: keyof typeof mains; node?: string; flags?: readonly string[]; args?: string[] } = {},
): Child {
  const { main = 'source', node = process.execPath, flags = [], args = [] } = options;
  const conditions = main === 'built' ? [] : ['--conditions=@product-updates/source'];
  const child = spawn(node, [...flags, ...conditions, mains[main], ...args], {
    env: { PATH: process.env['PATH'] ?? '', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let stdout = '';
  let stderr = '';
  const waiting = new Set<() => void>();
  const lines = (): Line[] =>
    stdout
      .split('\n')
      .slice(0, -1)
      .map((line) => JSON.parse(line) as Line);
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
    stdout += chunk;
    for (const look of waiting) look();
  });
  child.stderr.setEncoding('utf8').on('data', (chunk: string) => {
    stderr += chunk;
    for (const look of waiting) look();
  });
  function seen<T>(find: () => T | undefined): Promise<T> {
    return new Promise((resolve, reject) => {
      const look = (): void => {
        const found = find();
        if (found === undefined) return;
        waiting.delete(look);
        resolve(found);
      };
      waiting.add(look);
      look();
      void ended.then(() => reject(new Error(`ended without it:\n${stdout}${stderr}`)));
    });
  }
  const ended = once(child, 'close').then(([code, signal]) => ({
    code: code as number | null,
    signal: signal as NodeJS.Signals | null,
    stdout,
    stderr,
  }));
  return {
    pid: child.pid ?? 0,
    lines,
    ended,
    kill: (signal) => void child.kill(signal),
    said: (msg) => seen(() => lines().find((line) => line.msg === msg)),
    complained: async (text) => void (await seen(() => (stderr.includes(text) ? text : undefined))),
  };
}

/** Starts it on a free port and waits until it serves. */
export async function startServing(
  env: Environment,
  main: keyof typeof mains = 'source',
  node: string = process.execPath,
): Promise<Child & { url: string }> {
  const child = startChild({ PORT: '0', ...env }, { main, node });
  const { address } = await child.said('started');
  return { ...child, url: String(address) };
}
