import type { IncomingMessage, ServerResponse } from 'node:http';
import { sendAccepted } from './accepted.ts';
import { sendProblem } from './answer.ts';
import type { BodyReader } from './body-reader.ts';
import { clientAddress } from './client-address.ts';
import { createFullness } from './fullness.ts';
import { isProblem, type Caller, type Gate } from './gate.ts';
import type { HttpDependencies } from './http-dependencies.ts';
import { createIntake } from './intake.ts';
import { parseUpdates } from './parse-updates.ts';
import { prefersLenient } from './prefer.ts';
import { draining, problemOf, problemOfPublish, queueFull, unexpected, type Problem } from './problem.ts';
import type { RateLimiter } from './rate-limit.ts';
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
  /** Whom the rate limit is counted for; nobody where there is none. */
  readonly client: string;
}

const WHAT = 'POST /events';

/** `POST /events`, from the headers to the answer. */
export function createPostEvents(how: PostEventsOptions): PostEvents {
  const { deps, gate, bodies, limiter, isDraining, monotonicNow } = how;
  const { clock, observer, options } = deps;
  const fullness = createFullness(monotonicNow);
  const take = createIntake(deps);

  function answered({ startedMs }: Exchange, status: number): void {
    observer.responded('POST', '/events', status, monotonicNow() - startedMs);
  }

  function refuse(exchange: Exchange, problem: Problem | undefined, updates: number, error?: unknown): void {
    if (problem === undefined) observer.failed(WHAT, error);
    const { reason, status } = problem ?? unexpected;
    if (reason !== undefined) observer.refused(reason, updates);
    sendProblem(exchange.req, exchange.res, problem ?? unexpected);
    answered(exchange, status);
  }

  function receive(exchange: Exchange, body: Buffer): void {
    const { req } = exchange;
    if (fullness.turnsAway(body.length)) {
      // A bad body gets this too instead of being told what is wrong with it: right only because nobody looked at it.
      return refuse(exchange, (limiter && charge(limiter, exchange, 0)) ?? queueFull, fullness.updatesIn(body.length));
    }
    const { maxBatch } = options;
    const parsed = parseUpdates(body, { nowMs: clock.now(), maxBatch, lenient: prefersLenient(req.headers['prefer']) });
    const { length } = parsed.updates;
    const limited = limiter && charge(limiter, exchange, length);
    if (limited !== undefined) return refuse(exchange, limited, length + (parsed.rejected?.length ?? 0));
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
        limiter?.take(exchange.client, -length);
        const problem = problemOfPublish(error);
        if (problem === queueFull) fullness.refused(begun, length, bodyBytes);
        refuse(exchange, problem, length, error);
      },
    });
  }

  return (req, res) => {
    const caller = gate.admit(req, 'write');
    const client = limiter === undefined || isProblem(caller) ? '' : clientOf(req, caller, options.trustProxy);
    const exchange: Exchange = { req, res, startedMs: monotonicNow(), client };
    if (isProblem(caller)) return refuse(exchange, caller, 1);
    if (isDraining()) return refuse(exchange, draining, 1);
    const refusal = bodies.refusal(req, options.bodyLimitBytes) ?? (limiter && rateLimited(limiter, client));
    if (refusal !== undefined) return refuse(exchange, refusal, 1);
    bodies.read(req, res, options.bodyLimitBytes, (body) => {
      if (body === undefined) return;
      if (!Buffer.isBuffer(body)) return refuse(exchange, body, 1);
      try {
        receive(exchange, body);
      } catch (error) {
        // What cannot be parsed costs as much as one update, so that a flood of it is bounded too.
        limiter?.take(client, 1);
        const problem = problemOf(error);
        refuse(exchange, problem, problem?.updates ?? 1, error);
      }
    });
  };
}

function clientOf(req: IncomingMessage, caller: Caller, hops: number): string {
  return caller.name === undefined ? clientAddress(req, hops) : `key ${caller.name}`;
}

/** Takes the updates out of the client's bucket and tells in the answer how that stands now; or why the client has to wait. */
function charge(limiter: RateLimiter, { res, client }: Exchange, updates: number): Problem | undefined {
  const problem = rateLimited(limiter, client);
  if (problem !== undefined) return problem;
  limiter.take(client, updates);
  for (const [name, value] of Object.entries(limiter.headers(client))) res.setHeader(name, value);
  return undefined;
}

function rateLimited(limiter: RateLimiter, client: string): Problem | undefined {
  const seconds = limiter.waitSeconds(client);
  if (seconds === 0) return undefined;
  return {
    status: 429,
    detail: `Too many updates, try again in ${seconds} s`,
    reason: 'rate_limited',
    headers: { 'retry-after': String(seconds), ...limiter.headers(client) },
  };
}
