import { describe, guarded, redact } from '@product-updates/errors';
import type { Clock } from '@product-updates/queue';
import { pino } from 'pino';
import { writeToStandardOutput } from './output.ts';

export const logLevels = ['debug', 'info', 'warn', 'error', 'silent'] as const;
export type LogLevel = (typeof logLevels)[number];

/** Values of a line. `error` may be an error or a text: it becomes one redacted line, without a stack. */
export type LogFields = Readonly<Record<string, unknown>>;

/**
 * JSON lines: `level` as a word, `time` in RFC 3339, the fields, `msg`. Never throws and never waits: a line that cannot
 * be written is dropped and counted.
 */
export interface Log {
  debug(fields: LogFields, message: string): void;
  info(fields: LogFields, message: string): void;
  warn(fields: LogFields, message: string): void;
  error(fields: LogFields, message: string): void;
  /** Whether `debug` writes: asked once, so that nothing is built for lines that nobody sees. */
  readonly debugs: boolean;
}

export interface LogOptions {
  readonly level: LogLevel;
  readonly clock: Pick<Clock, 'now'>;
  /** Takes one line with its line feed; one that it throws at is dropped. Standard output where it is left out. */
  readonly write?: ((line: string) => void) | undefined;
  /** Called for each line that could not be written. Must not throw. */
  readonly onDropped: () => void;
}

export function createLog({ level, clock, write, onDropped }: LogOptions): Log {
  const output = write ?? ((line: string): void => writeToStandardOutput(line, onDropped));
  const logger = pino(
    {
      level,
      base: null,
      timestamp: () => `,"time":"${new Date(clock.now()).toISOString()}"`,
      formatters: { level: (label) => ({ level: label }) },
      serializers: { error: (error: unknown) => describe(error) },
    },
    { write: (line: string) => output(escapeInvisible(line)) },
  );
  const sayAt = (at: 'debug' | 'info' | 'warn' | 'error') =>
    guarded((fields: LogFields, message: string) => logger[at](fields, redact(message)), onDropped);
  return {
    debug: sayAt('debug'),
    info: sayAt('info'),
    warn: sayAt('warn'),
    error: sayAt('error'),
    debugs: logger.isLevelEnabled('debug'),
  };
}

/** What JSON lets through, but a terminal or a line reader acts upon: DEL and C1 controls, line separators, bidi overrides. */
const invisible = /[\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/g;

/** In a line of JSON such characters stand only inside strings, where the escape means the same. */
function escapeInvisible(line: string): string {
  return line.replace(invisible, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`);
}
