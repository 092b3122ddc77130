import type { Retrying } from './failures.ts';
import type { LaneStatus } from '@product-updates/queue';
import type { Hold } from './holds.ts';

/**
 * `held`: something is down, see `hold`; `draining`: on the way out, or the queue was closed by somebody else; `stopped`:
 * a drain has ended.
 */
export type PipelineState = 'running' | 'held' | 'draining' | 'stopped';

/** `held`: it has a batch that waits until what all share is back; `waiting_to_retry`: products that failed alone wait, nothing else is there. */
export interface WorkerStatus {
  readonly state: 'idle' | 'applying' | 'waiting_to_retry' | 'held';
  /** Since the epoch. */
  readonly since_ms: number;
}

/** How it goes, for readiness and `GET /queue`. */
export interface PipelineStatus {
  readonly state: PipelineState;
  /** Also told while draining. */
  readonly hold: Hold | null;
  /** Products that failed alone and are tried again, for as long as they are busy; others go on. */
  readonly retrying: Retrying | null;
  /** Deliveries taken and not settled. */
  readonly holding: number;
  /** Most of them at a time. */
  readonly window: number;
  readonly lanes: number;
  /** Lanes at work. */
  readonly busy: number;
  /** Each lane. */
  readonly workers: readonly WorkerStatus[];
  /** When the latest delivery came, since the epoch. */
  readonly last_receive_ms: number | null;
}

/** What a lane does, given what holds the pipeline. A queue that is away keeps no lane from applying. */
export function workerStatus({ state, sinceMs }: LaneStatus, hold: Hold | null): WorkerStatus {
  if (state === 'idle') return { state, since_ms: sinceMs };
  if (state === 'waiting') return { state: 'waiting_to_retry', since_ms: sinceMs };
  if (hold === null || hold.reason === 'queue') return { state: 'applying', since_ms: sinceMs };
  return { state: 'held', since_ms: Math.max(sinceMs, hold.since_ms) };
}
