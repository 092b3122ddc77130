import type { IncomingMessage, ServerResponse } from 'node:http';
import type { ProductEvent } from '@product-updates/domain';
import type { Headers, Message } from '@product-updates/queue';
import { acceptedReply } from './accepted.ts';
import type { BodyReader } from './body-reader.ts';
import { charge, costOfRefused, rateLimited } from './charging.ts';
import { clientAddress } from './client-address.ts';
import { reportDenial } from './denial.ts';
import { createFullness, type Fullness } from './fullness.ts';
import { isProblem, type Caller, type Gate } from './gate.ts';
import type { HttpDependencies } from './http-dependencies.ts';
import type { HotOutcome, HotReply, HotRoute } from './hot-route.ts';
import { parseUpdates } from './parse-updates.ts';
import { prefersLenient } from './prefer.ts';
import { draining, problemOf, problemOfPublish, queueFull, unexpected, type Problem } from './problem.ts';
import type { Bucket, RateLimiter } from './rate-limit.ts';
import { messageHeaders, traceparentOf } from './trace-context.ts';

export interface PostEventsOptions {
  readonly deps: HttpDependencies;
  readonly gate: Gate;
  readonly bodies: BodyReader;
  /** `undefined`: no limit. */
  readonly limiter: RateLimiter | undefined;
  readonly isDraining: () => boolean;
  readonly monotonicNow: () => number;
}

/** One request on its way. A class for the reason that `BodyReading` is one. */
class Exchange {
  readonly req: IncomingMessage;
  readonly res: ServerResponse;
  readonly answer: (outcome: HotOutcome) => void;
  /** What the rate limit leaves to the client; absent where there is none. */
  readonly bucket: Bucket | undefined;
  /** The name of its key. */
  readonly key: string | undefined;

  constructor(
    req: IncomingMessage,
    res: ServerResponse,
    answer: (outcome: HotOutcome) => void,
    bucket?: Bucket,
    key?: string,
  ) {
    this.req = req;
    this.res = res;
    this.answer = answer;
    this.bucket = bucket;
    this.key = key;
  }
}

const WHAT = 'POST /events';

/** `POST /events`, from the headers to the answer: authorize, read, parse, stamp, publish. */
export function createPostEvents(how: PostEventsOptions): HotRoute {
  const { deps, gate, bodies, limiter, isDraining, monotonicNow } = how;
  const { clock, stamper, observer, options } = deps;
  const { bodyLimitBytes, maxBatch, trustProxy } = options;
  const fullness = createFullness(monotonicNow);
  const { refuse, refuseBody } = createRefusals(deps);
  const publish = createPublish(deps, fullness, refuse);

  function read(exchange: Exchange): void {
    const { req, res } = exchange;
    bodies.read(req, res, bodyLimitBytes, (body, sentBytes) => {
      if (body === undefined) return;
      if (!Buffer.isBuffer(body)) return refuseBody(exchange, body, bytesTaken(body, sentBytes, bodyLimitBytes));
      try {
        take(exchange, body);
      } catch (error) {
        refuseBody(exchange, problemOf(error), body.length, error);
      }
    });
  }

  function take(exchange: Exchange, body: Buffer): void {
    const { req, res, bucket, key } = exchange;
    // Again, before anything is parsed: others of the client may have come meanwhile.
    const limited = rateLimited(bucket, key);
    if (limited !== undefined) return refuse(exchange, limited, 1);
    if (fullness.turnsAway(body.length)) {
      // A bad body gets this too instead of being told what is wrong with it: right only because nobody looked at it.
      charge(res, bucket, 0);
      return refuse(exchange, queueFull, fullness.updatesIn(body.length));
    }
    const { headers } = req;
    const parsed = parseUpdates(body, { nowMs: clock.now(), maxBatch, lenient: prefersLenient(headers['prefer']) });
    const rejected = parsed.rejected?.length ?? 0;
    charge(res, bucket, parsed.updates.length + rejected);
    if (rejected > 0) observer.refused('invalid', rejected);
    const events = parsed.many
      ? stamper.stampAll(parsed.updates)
      : parsed.updates.map((update) => stamper.stamp(update));
    publish(exchange, events, acceptedReply(parsed, events), body.length);
  }

  return (req, res, answer) => {
    const caller = gate.admit(req, 'write');
    if (isProblem(caller)) return refuse(new Exchange(req, res, answer), caller, 1);
    const bucket = limiter?.bucketOf(clientOf(req, caller, trustProxy));
    const exchange = new Exchange(req, res, answer, bucket, caller.name);
    if (isDraining()) return refuse(exchange, draining, 1);
    const refusal = bodies.refusal(req, bodyLimitBytes) ?? rateLimited(bucket, caller.name);
    if (refusal !== undefined) return refuse(exchange, refusal, 1);
    read(exchange);
  };
}

type Publish = (exchange: Exchange, events: readonly ProductEvent[], reply: HotReply, bodyBytes: number) => void;

/** Until the queue has answered, nothing here keeps the events or the body: with large arrays they would be most of the heap. */
function createPublish(
  { publisher, observer }: HttpDependencies,
  fullness: Fullness,
  refuse: Refusals['refuse'],
): Publish {
  return (exchange, events, reply, bodyBytes) => {
    const { length } = events;
    const traceparent = traceparentOf(exchange.req.headers['traceparent']);
    const observed = observer.accepting(events, traceparent);
    const begun = fullness.begin();
    publisher.publish(messagesOf(events, messageHeaders(traceparent))).then(
      () => {
        fullness.took(begun);
        observed();
        exchange.answer(reply);
      },
      (error: unknown) => {
        // What the queue did not take was not the client's to pay for.
        exchange.bucket?.take(-length);
        const problem = problemOfPublish(error);
        if (problem === queueFull) fullness.refused(begun, length, bodyBytes);
        refuse(exchange, problem, length, error);
      },
    );
  };
}

function messagesOf(events: readonly ProductEvent[], headers: Headers): readonly Message<ProductEvent>[] {
  return events.map((event) => ({ key: event.product_id, body: event, headers }));
}

interface Refusals {
  /** `undefined` as the problem: the error is a bug. */
  readonly refuse: (exchange: Exchange, problem: Problem | undefined, updates: number, error?: unknown) => void;
  /** The same, and charges the client for the body. */
  readonly refuseBody: (exchange: Exchange, problem: Problem | undefined, bytes: number, error?: unknown) => void;
}

function createRefusals(deps: HttpDependencies): Refusals {
  const { observer, options } = deps;

  function refuse(exchange: Exchange, problem: Problem | undefined, updates: number, error?: unknown): void {
    if (problem === undefined) {
      observer.failed(WHAT, error);
      return exchange.answer(unexpected);
    }
    const { reason } = problem;
    if (reason !== undefined) observer.refused(reason, updates);
    if (reason === 'queue_unavailable') observer.unavailable(WHAT, error);
    reportDenial(deps, exchange.req, problem);
    exchange.answer(problem);
  }

  return {
    refuse,
    refuseBody(exchange, problem, bytes, error) {
      charge(exchange.res, exchange.bucket, costOfRefused(problem, bytes, options.maxBatch));
      refuse(exchange, problem, problem?.updates ?? 1, error);
    },
  };
}

/** What a body costs that was not handed on. One that is too large when it is decoded was decoded up to the limit. */
function bytesTaken(problem: Problem, sentBytes: number, limitBytes: number): number {
  if (problem.status === 503) return 1;
  return problem.status === 413 ? limitBytes : sentBytes;
}

function clientOf(req: IncomingMessage, caller: Caller, hops: number): string {
  return caller.name === undefined ? clientAddress(req, hops) : `key ${caller.name}`;
}
