import { STATUS_CODES } from 'node:http';
import { codeOf } from '@product-updates/errors';

/** Why an update was not taken: the closed list of label values of `events_refused_total`. */
export const refusalReasons = [
  'invalid',
  'malformed',
  'too_large',
  'unsupported_media_type',
  'unauthorized',
  'forbidden',
  'rate_limited',
  'body_memory',
  'queue_full',
  'queue_unavailable',
  'starting',
  'draining',
  'timeout',
] as const;
export type RefusalReason = (typeof refusalReasons)[number];

/** What is wrong with one field (an RFC 6901 pointer into the body) or with one query parameter. */
export interface ProblemFault {
  readonly detail: string;
  readonly pointer?: string;
  readonly parameter?: string;
}

/** An error as the client sees it (RFC 9457). The `type` is always `about:blank`, so the `title` is the status' own phrase. */
export interface Problem {
  readonly status: number;
  readonly detail: string;
  /** Under which label a refused update counts; absent where no update is at stake. */
  readonly reason?: RefusalReason;
  /** How many updates are refused, where that is known; else they count as one. */
  readonly updates?: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly errors?: readonly ProblemFault[];
  /** How many errors there are; `errors` may hold only the first of them. */
  readonly errorCount?: number;
  /** Extension members, behind the standard ones. */
  readonly members?: Readonly<Record<string, unknown>>;
  /** The connection ends with this answer. */
  readonly close?: boolean;
  /** The name of the key that was refused, for the log alone. */
  readonly key?: string | undefined;
}

/** Carries a problem up to where answers are written. Not an accident, so nobody logs it. */
export class HttpProblem extends Error {
  override readonly name = 'HttpProblem';
  readonly problem: Problem;

  constructor(problem: Problem, options?: ErrorOptions) {
    super(problem.detail, options);
    this.problem = problem;
  }
}

const retryAfter = (seconds: number): Record<string, string> => ({ 'retry-after': String(seconds) });

export const queueFull: Problem = {
  status: 503,
  detail: 'Queue full, try again later',
  reason: 'queue_full',
  headers: retryAfter(1),
};
export const tooManyBodies: Problem = {
  status: 503,
  detail: 'Too much is being sent at the same time, try again later',
  reason: 'body_memory',
  headers: retryAfter(1),
  close: true,
};
const queueUnavailable: Problem = {
  status: 503,
  detail:
    'The queue cannot be reached, try again later. Some of the updates may have been queued; posting them again is harmless.',
  reason: 'queue_unavailable',
  headers: retryAfter(2),
};
const unavailable = (what: Dependency): Problem => ({
  status: 503,
  detail: `The ${what} cannot be reached, try again later`,
  headers: retryAfter(2),
});
export const draining: Problem = {
  status: 503,
  detail: 'The server is shutting down, try another one or again later',
  reason: 'draining',
  headers: retryAfter(5),
  close: true,
};
export const starting = (waitsFor: string): Problem => ({
  status: 503,
  detail: `The server is starting and waits for ${waitsFor}, try again later`,
  reason: 'starting',
  headers: retryAfter(2),
});
const tooLargeForQueue: Problem = {
  status: 413,
  detail: 'An update is larger than the queue can ever hold',
  reason: 'too_large',
  close: true,
};
export const headersTooLarge: Problem = {
  status: 431,
  detail: 'The headers are too large',
  reason: 'too_large',
  close: true,
};
export const unexpected: Problem = { status: 500, detail: 'Something went wrong on our side; it was logged.' };

/** What a client is told about a rejected `publish`; `undefined`: that is a bug, tell `unexpected` and log. */
export function problemOfPublish(error: unknown): Problem | undefined {
  switch (codeOf(error)) {
    case 'full':
      return queueFull;
    case 'unavailable':
    case 'misconfigured':
      return queueUnavailable;
    case 'closed':
      return draining;
    case 'invalid':
      return tooLargeForQueue;
    default:
      return undefined;
  }
}

/** What an operation asks. */
export type Dependency = 'store' | 'queue';

/** What a client is told about anything else that was thrown; `undefined`: that is a bug, tell `unexpected` and log. */
export function problemOf(error: unknown, asked: Dependency = 'store'): Problem | undefined {
  if (error instanceof HttpProblem) return error.problem;
  switch (codeOf(error)) {
    case 'full':
    case 'unavailable':
    case 'misconfigured':
    case 'closed':
      return unavailable(asked);
    default:
      return undefined;
  }
}

/** The body of a problem, as JSON. */
export function problemBody({ status, detail, errors, errorCount, members }: Problem): string {
  return JSON.stringify({
    type: 'about:blank',
    title: titleOf(status),
    status,
    detail,
    errors,
    error_count: errorCount,
    ...members,
  });
}

export function titleOf(status: number): string {
  return STATUS_CODES[status] ?? 'Error';
}
