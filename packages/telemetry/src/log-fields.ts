import { codeOf, redact } from '@product-updates/errors';

const traceparentPattern = /^[\da-f]{2}-([\da-f]{32})-/;
const STACK_MAX = 4000;

/** The trace id in a W3C `traceparent` header; `undefined` where there is none. */
export function traceIdOf(traceparent: string | undefined): string | undefined {
  return traceparent === undefined ? undefined : traceparentPattern.exec(traceparent)?.[1];
}

/** Where a bug was: the stack of an error without a code. A coded error tells an operator all with its message. */
export function stackOf(error: unknown): string | undefined {
  if (!(error instanceof Error) || codeOf(error) !== undefined || error.stack === undefined) return undefined;
  return redact(error.stack).slice(0, STACK_MAX);
}
