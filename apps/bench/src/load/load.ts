import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { onCore } from '../process/pinning.ts';
import type { GeneratorMessage, LoadJob, LoadResult } from './job.ts';

/** The load generator, in a process (and on a core) of its own. One job at a time. */
export interface LoadGenerator extends AsyncDisposable {
  /** `onMeasuring` is called when the warm-up is over. */
  run(job: LoadJob, onMeasuring?: () => void): Promise<LoadResult>;
}

export function startLoadGenerator(core: number | null): LoadGenerator {
  const script = fileURLToPath(new URL('generator.ts', import.meta.url));
  const [execPath = process.execPath, ...execArgv] = onCore(core, [process.execPath]);
  const child = fork(script, { execPath, execArgv, env: { PATH: process.env['PATH'] } });
  return {
    run: (job, onMeasuring) => run(child, job, onMeasuring),
    async [Symbol.asyncDispose]() {
      if (child.exitCode !== null) return;
      const exited = once(child, 'exit');
      child.kill();
      await exited;
    },
  };
}

function run(child: ChildProcess, job: LoadJob, onMeasuring: (() => void) | undefined): Promise<LoadResult> {
  return new Promise((resolve, reject) => {
    function settle(act: () => void): void {
      child.off('message', onMessage).off('exit', onExit);
      act();
    }
    function onMessage(message: GeneratorMessage): void {
      if (message.type === 'measuring') onMeasuring?.();
      else if (message.type === 'done') settle(() => resolve(message.result));
      else settle(() => reject(new Error(message.error)));
    }
    function onExit(): void {
      settle(() => reject(new Error('the load generator ended')));
    }
    child.on('message', onMessage).on('exit', onExit);
    child.send(job);
  });
}
