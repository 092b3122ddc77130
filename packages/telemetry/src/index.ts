export { outcomes, refusalReasons, retryReasons, type Outcome } from './counters.ts';
export type { Exposition } from './exposition.ts';
export type { HttpObserver } from './http-observer.ts';
export { failure } from './log-fields.ts';
export { logLevels, type Log, type LogFields, type LogLevel } from './log.ts';
export type { PipelineObserver } from './pipeline-observer.ts';
export type { Build, MetricSources } from './scrape.ts';
export { createTelemetry, type Rates, type Telemetry, type TelemetryOptions, type Totals } from './telemetry.ts';
