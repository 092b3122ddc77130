import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { onCore } from '../process/pinning.ts';
import type { SuiteResult } from './run-suite.ts';

export const suiteNames = ['channel', 'pool', 'domain', 'pipeline'] as const;
export type SuiteName = (typeof suiteNames)[number];

export interface SuiteOptions {
  readonly source: boolean;
  readonly core: number | null;
  readonly quick: boolean;
  readonly rounds: number;
}

/** Runs one suite in a process of its own, so that none is compiled for the habits of another. */
export async function runSuiteApart(name: SuiteName, options: SuiteOptions): Promise<readonly SuiteResult[]> {
  const conditions = options.source ? ['--conditions=@product-updates/source'] : [];
  const [execPath = '', ...execArgv] = onCore(options.core, [process.execPath, '--expose-gc', ...conditions]);
  const script = fileURLToPath(new URL('main.ts', import.meta.url));
  const scale = options.quick ? 0.005 : 1;
  const env = { PATH: process.env['PATH'] };
  const child = fork(script, [name, String(scale), String(options.rounds)], { execPath, execArgv, env });
  let result: readonly SuiteResult[] | undefined;
  child.on('message', (message) => {
    result = message as readonly SuiteResult[];
  });
  await once(child, 'exit');
  if (result === undefined) throw new Error(`the suite "${name}" ended without a result`);
  return result;
}
