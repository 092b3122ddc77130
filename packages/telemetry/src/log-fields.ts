import { codeOf, redact } from '@product-updates/errors';
import type { LogFields } from './log.ts';

const traceparentPattern = /^[\da-f]{2}-([\da-f]{32})-/;
const STACK_MAX = 4000;

/** The trace id in a W3C `traceparent` header; `undefined` where there is none. */
export function traceIdOf(traceparent: string | undefined): string | undefined {
  return traceparent === undefined ? undefined : traceparentPattern.exec(traceparent)?.[1];
}

/**
 * What a line says of an error: one text for an operator, the code, and of a bug (an error without a code) its stack,
 * redacted and bounded.
 */
export function failure(error: unknown): LogFields {
  const code = codeOf(error);
  if (code !== undefined || !(error instanceof Error) || error.stack === undefined) return { error, code };
  return { error, stack: redact(error.stack).slice(0, STACK_MAX) };
}
