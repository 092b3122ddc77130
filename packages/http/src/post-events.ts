import type { IncomingMessage, ServerResponse } from 'node:http';
import { sendAccepted } from './accepted.ts';
import { sendProblem } from './answer.ts';
import { emptyBody, type BodyReader } from './body-reader.ts';
import { charge, costOfRefused, rateLimited } from './charging.ts';
import { clientAddress } from './client-address.ts';
import { reportDenial } from './denial.ts';
import { createFullness } from './fullness.ts';
import { isProblem, type Caller, type Gate } from './gate.ts';
import type { HttpDependencies } from './http-dependencies.ts';
import { createIntake } from './intake.ts';
import { parseUpdates } from './parse-updates.ts';
import { prefersLenient } from './prefer.ts';
import { draining, problemOf, problemOfPublish, queueFull, unexpected, type Problem } from './problem.ts';
import type { Bucket, RateLimiter } from './rate-limit.ts';
import { traceparentOf } from './trace-context.ts';

export interface PostEventsOptions {
  readonly deps: HttpDependencies;
  readonly gate: Gate;
  readonly bodies: BodyReader;
  /** `undefined`: no limit. */
  readonly limiter: RateLimiter | undefined;
  readonly isDraining: () => boolean;
  readonly monotonicNow: () => number;
}

/** A route below Koa: it answers on its own, now or later, and never throws. */
export type PostEvents = (req: IncomingMessage, res: ServerResponse) => void;

/** One request on its way. */
interface Exchange {
  readonly req: IncomingMessage;
  readonly res: ServerResponse;
  readonly startedMs: number;
  /** What the rate limit leaves to the client; absent where there is none. */
  readonly bucket: Bucket | undefined;
  /** The name of its key. */
  readonly key: string | undefined;
}

const WHAT = 'POST /events';

/** `POST /events`, from the headers to the answer. */
export function createPostEvents(how: PostEventsOptions): PostEvents {
  const { deps, gate, bodies, limiter, isDraining, monotonicNow } = how;
  const { clock, observer, options } = deps;
  const { bodyLimitBytes, maxBatch } = options;
  const fullness = createFullness(monotonicNow);
  const take = createIntake(deps);
  const answered = createAnswered(observer, monotonicNow);
  function refuse(exchange: Exchange, problem: Problem | undefined, updates: number, error?: unknown): void {
    reportRefusal(deps, exchange.req, problem, updates, error);
    sendProblem(exchange.req, exchange.res, problem ?? unexpected);
    answered(exchange, problem?.status ?? 500);
  }

  function refuseBody(exchange: Exchange, problem: Problem | undefined, bytes: number, error?: unknown): void {
    charge(exchange.res, exchange.bucket, costOfRefused(problem, bytes, maxBatch));
    refuse(exchange, problem, problem?.updates ?? 1, error);
  }

  function receive(exchange: Exchange, body: Buffer): void {
    const { req, res, bucket, key } = exchange;
    // Again, before anything is parsed: others of the client may have come meanwhile.
    const limited = rateLimited(bucket, key);
    if (limited !== undefined) return refuse(exchange, limited, 1);
    if (fullness.turnsAway(body.length)) {
      // A bad body gets this too instead of being told what is wrong with it: right only because nobody looked at it.
      charge(res, bucket, 0);
      return refuse(exchange, queueFull, fullness.updatesIn(body.length));
    }
    const parsed = parseUpdates(body, { nowMs: clock.now(), maxBatch, lenient: prefersLenient(req.headers['prefer']) });
    const { length } = parsed.updates;
    charge(res, bucket, length + (parsed.rejected?.length ?? 0));
    if (parsed.rejected?.length) observer.refused('invalid', parsed.rejected.length);
    const begun = fullness.begin();
    const bodyBytes = body.length;
    take(parsed, traceparentOf(req.headers['traceparent']), {
      accepted(acceptance) {
        fullness.took(begun);
        sendAccepted(exchange.res, acceptance);
        answered(exchange, 202);
      },
      refused(error) {
        // What the queue did not take was not the client's to pay for.
        bucket?.take(-length);
        const problem = problemOfPublish(error);
        if (problem === queueFull) fullness.refused(begun, length, bodyBytes);
        refuse(exchange, problem, length, error);
      },
    });
  }

  return (req, res) => {
    const caller = gate.admit(req, 'write');
    const startedMs = monotonicNow();
    if (isProblem(caller)) return refuse({ req, res, startedMs, bucket: undefined, key: undefined }, caller, 1);
    const bucket = limiter?.bucketOf(clientOf(req, caller, options.trustProxy));
    const exchange: Exchange = { req, res, startedMs, bucket, key: caller.name };
    if (isDraining()) return refuse(exchange, draining, 1);
    const refusal = bodies.refusal(req, bodyLimitBytes) ?? rateLimited(bucket, caller.name);
    if (refusal !== undefined) return refuse(exchange, refusal, 1);
    bodies.read(req, res, bodyLimitBytes, (body) => {
      if (body === undefined) return;
      if (!Buffer.isBuffer(body)) return refuseBody(exchange, body, bytesRead(req, body, bodyLimitBytes));
      try {
        receive(exchange, body);
      } catch (error) {
        refuseBody(exchange, problemOf(error), body.length, error);
      }
    });
  };
}

function createAnswered(
  observer: HttpDependencies['observer'],
  now: () => number,
): (exchange: Exchange, status: number) => void {
  return ({ startedMs }, status) => observer.responded('POST', '/events', status, now() - startedMs);
}

/** `undefined`: the error is a bug. */
function reportRefusal(
  deps: HttpDependencies,
  req: IncomingMessage,
  problem: Problem | undefined,
  updates: number,
  error: unknown,
): void {
  const { observer } = deps;
  if (problem === undefined) return observer.failed(WHAT, error);
  const { reason } = problem;
  if (reason !== undefined) observer.refused(reason, updates);
  if (reason === 'queue_unavailable') observer.unavailable(WHAT, error);
  reportDenial(deps, req, problem);
}

/** How much was read of a body that was not handed on, as far as that is known. */
function bytesRead({ headers }: IncomingMessage, problem: Problem, limitBytes: number): number {
  if (problem === emptyBody || problem.status === 503) return 1;
  return problem.status === 413 ? limitBytes : Number(headers['content-length'] ?? limitBytes);
}

function clientOf(req: IncomingMessage, caller: Caller, hops: number): string {
  return caller.name === undefined ? clientAddress(req, hops) : `key ${caller.name}`;
}
