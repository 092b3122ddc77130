import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { RunningServer } from '../process/server.ts';

/** Node's flags for a server whose heap will be asked for. */
export const heapFlags: readonly string[] = [
  '--expose-gc',
  `--import=${fileURLToPath(new URL('heap-reporter.ts', import.meta.url))}`,
];

/** What is in use after a full garbage collection, in MiB. */
export async function heapAfterGc({ process: child }: RunningServer): Promise<number> {
  const answered = once(child, 'message', { signal: AbortSignal.timeout(10_000) });
  child.send('heap');
  const [{ heapUsed }] = (await answered) as [{ heapUsed: number }];
  return heapUsed / 1024 / 1024;
}
