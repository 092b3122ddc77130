import type { Contest, ContestOptions } from './contest.ts';
import type { HotBacklogJob, HotBacklogResult } from './hot-backlog.ts';
import type { QueueJob, QueueResult } from './lmdb-queue.ts';
import type { PostgresResult } from './postgres.ts';

/** What is measured in a process of its own. Jobs and results travel as JSON. */
export interface Tasks {
  readonly 'commit-time': { readonly job: CommitTimeJob; readonly result: number };
  readonly postgres: { readonly job: ContestOptions & ServerJob; readonly result: PostgresResult };
  readonly redis: { readonly job: ContestOptions & ServerJob; readonly result: Contest };
  readonly 'lmdb-store': { readonly job: ContestOptions; readonly result: Contest };
  readonly 'lmdb-queue': { readonly job: QueueJob; readonly result: QueueResult };
  readonly 'hot-backlog': { readonly job: HotBacklogJob; readonly result: HotBacklogResult };
}

export type TaskName = keyof Tasks;

export interface ServerJob {
  readonly url: string;
}

export interface CommitTimeJob {
  readonly commits: number;
}

export type Answer<N extends TaskName> = { readonly result: Tasks[N]['result'] } | { readonly error: string };
