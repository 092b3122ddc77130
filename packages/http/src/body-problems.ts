import { knownCodings } from './content-coding.ts';
import type { Problem } from './problem.ts';

export const jsonWanted: Problem = {
  status: 415,
  detail: 'The body must be application/json (in UTF-8)',
  reason: 'unsupported_media_type',
  headers: { 'accept-post': 'application/json' },
};

export const codingWanted: Problem = {
  status: 415,
  detail: `The body may have one of these content codings: ${knownCodings}`,
  reason: 'unsupported_media_type',
  headers: { 'accept-encoding': knownCodings },
};

/** A body was read to its end, and there was nothing in it. */
export const emptyBody: Problem = malformed('The body is empty');

export const corruptBody: Problem = malformed(
  'The body is not what its Content-Encoding says: corrupt, cut off, or more behind its end',
);

export function malformed(detail: string): Problem {
  return { status: 400, detail, reason: 'malformed' };
}

export function tooLargeBody(limitBytes: number): Problem {
  return { status: 413, detail: `The body is larger than ${limitBytes} bytes`, reason: 'too_large', close: true };
}
