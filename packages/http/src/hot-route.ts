import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Context } from 'koa';
import { answerProblem, sendProblem } from './answer.ts';
import type { Problem } from './problem.ts';

/** What a hot route answers with when all went well. */
export interface HotReply {
  readonly status: number;
  /** Name, value, name, value…, as `writeHead` takes them. Has the length of the body, if there is one. */
  readonly headers: readonly string[];
  /** As text it is ASCII: Node then copies its bytes, and has nothing to encode. */
  readonly body: string | Buffer | undefined;
}

export type HotOutcome = HotReply | Problem;

/**
 * A route that is served in front of Koa, or by it where somebody added a middleware. It reports to the observer what it
 * refuses, and calls `answer` once, now or later; not at all where the client went away or was answered before its body was
 * complete. It throws only where a middleware has read the body.
 */
export type HotRoute = (req: IncomingMessage, res: ServerResponse, answer: (outcome: HotOutcome) => void) => void;

/** Writes the answer, unless the request was answered already (it did not come in time), and returns the status. */
export function sendOutcome(req: IncomingMessage, res: ServerResponse, outcome: HotOutcome): number {
  if (res.headersSent) return res.statusCode;
  if (isRefusal(outcome)) {
    sendProblem(req, res, outcome);
  } else {
    res.writeHead(outcome.status, outcome.headers as string[]);
    if (typeof outcome.body === 'string') res.end(outcome.body, 'latin1');
    else res.end(outcome.body);
  }
  return outcome.status;
}

/**
 * Resolves when Koa has what it will write, so that a middleware in front sees the answer, and may still add to it; with
 * `false` where there is nobody to answer any more.
 */
export async function answerInKoa(ctx: Context, route: HotRoute): Promise<boolean> {
  const outcome = await new Promise<HotOutcome | undefined>((resolve) => {
    ctx.res.once('close', () => resolve(undefined));
    route(ctx.req, ctx.res, resolve);
  });
  if (outcome === undefined || ctx.res.headersSent) {
    ctx.respond = false;
    return false;
  }
  if (isRefusal(outcome)) {
    answerProblem(ctx, outcome);
    return true;
  }
  const { status, headers, body } = outcome;
  ctx.status = status;
  for (let at = 0; at < headers.length; at += 2) ctx.set(headers[at] as string, headers[at + 1] as string);
  ctx.body = body ?? null;
  return true;
}

function isRefusal(outcome: HotOutcome): outcome is Problem {
  return 'detail' in outcome;
}
