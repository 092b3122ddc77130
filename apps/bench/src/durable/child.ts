/** One task in a process of its own: `child.ts NAME JOB`. The answer goes to the parent; without one, to standard output. */
import { describe } from '@product-updates/errors';
import type { Answer, TaskName, Tasks } from './tasks.ts';

type Task<N extends TaskName> = (job: Tasks[N]['job']) => Promise<Tasks[N]['result']>;

/** Only what is asked for is loaded, and only its client library. */
const tasks: { readonly [N in TaskName]: () => Promise<Task<N>> } = {
  'commit-time': async () => (await import('./commit-time.ts')).measureCommitTime,
  postgres: async () => (await import('./postgres.ts')).measurePostgres,
  redis: async () => (await import('./redis.ts')).measureRedis,
  'lmdb-store': async () => (await import('./lmdb-store.ts')).measureLmdbStore,
  'lmdb-queue': async () => (await import('./lmdb-queue.ts')).measureLmdbQueue,
  'hot-backlog': async () => (await import('./hot-backlog.ts')).measureHotBacklog,
};

async function answerOf<N extends TaskName>(name: N, job: Tasks[N]['job']): Promise<Answer<N>> {
  try {
    const task = await tasks[name]();
    return { result: await task(job) };
  } catch (error) {
    return { error: error instanceof Error ? (error.stack ?? describe(error)) : String(error) };
  }
}

const [name = '', job = '{}'] = process.argv.slice(2);
const answer = await answerOf(name as TaskName, JSON.parse(job) as Tasks[TaskName]['job']);
if (process.send === undefined) process.stdout.write(`${JSON.stringify(answer, null, 2)}\n`);
else process.send(answer, () => process.disconnect());
