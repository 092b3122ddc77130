/** The load generator's process: jobs come in by IPC, one at a time, results go back. */
import { generate } from './generate.ts';
import type { GeneratorMessage, LoadJob } from './job.ts';

function tell(message: GeneratorMessage): void {
  process.send?.(message);
}

process.on('message', (job: LoadJob) => {
  generate(job, () => tell({ type: 'measuring' })).then(
    (result) => tell({ type: 'done', result }),
    (error: unknown) => tell({ type: 'failed', error: String(error) }),
  );
});
