/**
 * Every error that crosses a package border on purpose carries one of these codes. Adapters translate into them, the
 * pipeline decides by them, http presents them. An error without a code is a bug, and is treated as one.
 *
 * - `invalid`: the sender's fault; the same input fails again, so it is never retried.
 * - `undecodable`: bytes or a version that cannot be what a producer of ours wrote.
 * - `full`: a bound was reached; nothing was taken.
 * - `unavailable`: try again later; some of the work may have been done, doing it again is harmless.
 * - `closed`: the receiver was closed on purpose.
 * - `misconfigured`: a right, a table or a setting is wrong; held like an outage until somebody mends it.
 */
export const errorCodes = ['invalid', 'undecodable', 'full', 'unavailable', 'closed', 'misconfigured'] as const;
export type ErrorCode = (typeof errorCodes)[number];

export class CodedError extends Error {
  override readonly name = 'CodedError';
  readonly code: ErrorCode;

  constructor(code: ErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

/**
 * The code of an error, `undefined` where it has none of ours (`ECONNREFUSED` is not ours). Read from the property, not
 * from the class, so that two copies of this package in one process still understand each other.
 */
export function codeOf(error: unknown): ErrorCode | undefined {
  if (!(error instanceof Error) || error.name !== 'CodedError') return undefined;
  const { code } = error as { code?: unknown };
  return errorCodes.find((known) => known === code);
}
