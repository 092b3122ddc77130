export type { Retrying } from './failures.ts';
export { holdReasons, type Hold, type HoldReason } from './holds.ts';
export type { Incoming, IncomingBody, Outcome } from './incoming.ts';
export type { PipelineObserver } from './observer.ts';
export { startPipeline, type Pipeline, type PipelineOptions } from './pipeline.ts';
export type { RetryPolicy } from './policy.ts';
export type { PipelineState, PipelineStatus, WorkerStatus } from './status.ts';
