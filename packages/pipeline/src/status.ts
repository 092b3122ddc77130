import type { Retrying } from './failures.ts';
import type { Hold } from './holds.ts';

/**
 * `held`: something is down, see `hold`; `draining`: on the way out, or the queue was closed by somebody else; `stopped`:
 * a drain has ended.
 */
export type PipelineState = 'running' | 'held' | 'draining' | 'stopped';

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
  /** When the latest delivery came, since the epoch. */
  readonly last_receive_ms: number | null;
}
