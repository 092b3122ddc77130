import { createTelemetry, type LogLevel, type Telemetry } from '@product-updates/telemetry';
import { createVirtualClock, type VirtualClock } from '@product-updates/queue/contract';

export type Line = Record<string, unknown> & { level: string; msg: string };

export interface Captured {
  readonly telemetry: Telemetry;
  readonly clock: VirtualClock;
  readonly raw: string[];
  lines(): Line[];
}

/** Telemetry whose lines a test can read and whose time it owns. */
export function capture(level: LogLevel = 'info'): Captured {
  const raw: string[] = [];
  const clock = createVirtualClock();
  const build = { version: '1.2.3', node: 'v24.0.0' };
  const telemetry = createTelemetry({ level, clock, build, write: (line) => raw.push(line) });
  return { telemetry, clock, raw, lines: () => raw.map((line) => JSON.parse(line) as Line) };
}
