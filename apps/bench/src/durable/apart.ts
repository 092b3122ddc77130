import { fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { Answer, TaskName, Tasks } from './tasks.ts';

export interface ApartOptions {
  readonly source: boolean;
}

/**
 * Runs one task in a process of its own, on whatever cores there are: what it measures has threads, or a database server
 * beside it. Rejects with what the task rejected with.
 */
export async function runApart<N extends TaskName>(
  name: N,
  job: Tasks[N]['job'],
  { source }: ApartOptions,
): Promise<Tasks[N]['result']> {
  const execArgv = ['--expose-gc', ...(source ? ['--conditions=@product-updates/source'] : [])];
  const script = fileURLToPath(new URL('child.ts', import.meta.url));
  const env = { PATH: process.env['PATH'] };
  const child = fork(script, [name, JSON.stringify(job)], { execArgv, env });
  return new Promise((resolve, reject) => {
    child.once('message', (answer: Answer<N>) => {
      if ('result' in answer) resolve(answer.result);
      else reject(new Error(`${name}: ${answer.error}`));
    });
    child.once('exit', (code) => reject(new Error(`${name} ended with ${code} and without a result`)));
  });
}
