import { createTelemetry, type LogLevel, type Telemetry } from '@product-updates/telemetry';
import { createManualClock, type ManualClock } from './manual-clock.ts';

export type Line = Record<string, unknown> & { level: string; msg: string };

export interface Captured {
  readonly telemetry: Telemetry;
  readonly clock: ManualClock;
  readonly raw: string[];
  lines(): Line[];
}

/** Telemetry whose lines a test can read and whose time it owns. */
export function capture(level: LogLevel = 'info'): Captured {
  const raw: string[] = [];
  const clock = createManualClock();
  const build = { version: '1.2.3', node: 'v24.0.0' };
  const telemetry = createTelemetry({ level, clock, build, write: (line) => raw.push(line) });
  return { telemetry, clock, raw, lines: () => raw.map((line) => JSON.parse(line) as Line) };
}
