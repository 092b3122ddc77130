import { Readable } from 'node:stream';
import { Router, type RouterContext } from '@koa/router';
import type { Context, Middleware, Next } from 'koa';
import bodyParser from 'koa-bodyparser';
import { answerProblem, securityHeaders } from './answer.ts';
import { emptyBody } from './body-problems.ts';
import { checkText, hasBody, invalidJson, type BodyReader } from './body-reader.ts';
import type { ReadBody } from './body-reading.ts';
import { reportDenial } from './denial.ts';
import { isProblem, type Gate } from './gate.ts';
import type { HotRoutes, MatchHot } from './hot-app.ts';
import { answerInKoa } from './hot-route.ts';
import type { About, HttpDependencies } from './http-dependencies.ts';
import type { Operation } from './operations.ts';
import { HttpProblem, problemOf, unexpected, type Problem } from './problem.ts';
import { createQueryReader, type ReadQuery } from './query.ts';
import { checkTarget } from './request-target.ts';
import type { Reply, Routes } from './route.ts';

export interface RouterOptions extends Pick<HttpDependencies, 'observer' | 'options'> {
  readonly operations: readonly Operation[];
  readonly routes: Routes;
  readonly hot: HotRoutes;
  readonly matchHot: MatchHot;
  readonly gate: Gate;
  readonly bodies: BodyReader;
  readonly monotonicNow: () => number;
}

/** What the middleware here know of a request, in `ctx.state`. */
interface State {
  /** The operation that was matched. */
  operation?: Operation;
  /** What the request is about. */
  about?: About;
  /** Nobody waits for the answer any more. */
  isAbandoned?: boolean;
}

const knownMethods = new Set(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']);
/** The bodies that this router reads may only be empty or `{}`. */
const BODY_LIMIT = 1024;

/** Everything but the hot routes, as middleware in this order; the last one answers whatever is left. */
export function createRouter(options: RouterOptions): readonly Middleware[] {
  const router = new Router({ strict: true, sensitive: true });
  for (const operation of options.operations) {
    const path = operation.path.replaceAll(/\{(\w+)\}/g, ':$1');
    router.register(path, [operation.method], createHandler(operation, options));
  }
  return [
    answerProblems(options),
    serveHot(options),
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the router's context is Koa's, with more in it
    router.routes() as unknown as Middleware,
    answerUnmatched(options.gate),
  ];
}

/** Writes every problem that was thrown, reports what is a bug, and measures. */
function answerProblems(options: RouterOptions): Middleware {
  const { observer, monotonicNow } = options;
  return async (ctx, next) => {
    const startedMs = monotonicNow();
    const state = ctx.state as State;
    let status: number;
    try {
      checkTarget(ctx.req);
      await next();
      status = ctx.status;
    } catch (error) {
      const { operation, about } = state;
      const what = `${ctx.method} ${operation?.path ?? 'unmatched'}`;
      const problem = problemOf(error, operation?.id === 'getQueue' ? 'queue' : 'store') ?? unexpected;
      // Of a problem that was thrown, what the queue or the store rejected with; nothing where it is our own.
      const cause = error instanceof HttpProblem ? error.cause : error;
      if (problem === unexpected) observer.failed(what, error, about);
      else if (problem.status === 503 && cause !== undefined) observer.unavailable(what, cause, about);
      reportDenial(options, ctx.req, problem);
      if (operation?.id === 'postEvents') observer.refused(problem.reason ?? 'malformed', 1);
      answerProblem(ctx, problem);
      ({ status } = problem);
    }
    if (state.isAbandoned === true) return;
    const method = knownMethods.has(ctx.method) ? ctx.method : 'OTHER';
    observer.responded(method, state.operation?.path ?? 'unmatched', status, monotonicNow() - startedMs);
  };
}

/** Without the router, which would cost as much as the route. */
function serveHot({ matchHot, operations }: RouterOptions): Middleware {
  const byId = new Map(operations.map((operation) => [operation.id, operation]));
  return async (ctx, next) => {
    const match = matchHot(ctx.req);
    const operation = match && byId.get(match.id);
    if (match === undefined || operation === undefined) {
      await next();
      return;
    }
    const state = ctx.state as State;
    state.operation = operation;
    state.isAbandoned = !(await answerInKoa(ctx, match.route));
  };
}

function createHandler(
  operation: Operation,
  { routes, hot, gate, bodies }: RouterOptions,
): (ctx: RouterContext) => Promise<void> {
  const readQuery = operation.query === 'ignored' ? ignoreQuery : createQueryReader(operation.query);
  const readBody = operation.method === 'POST' ? createEmptyBodyReader(bodies) : undefined;
  return async (ctx) => {
    const state = ctx.state as State;
    state.operation = operation;
    const caller = gate.admit(ctx.req, operation.scope);
    if (isProblem(caller)) throw new HttpProblem(caller);
    const query = readQuery(ctx.querystring);
    state.about = aboutOf(operation, ctx.params['id']);
    if (operation.id === 'postEvents' || operation.id === 'getProduct') {
      const route = operation.id === 'postEvents' ? hot.postEvents : hot.getProduct(ctx.params['id'] ?? '');
      state.isAbandoned = !(await answerInKoa(ctx, route));
      return;
    }
    await readBody?.(ctx);
    sendReply(ctx, await routes[operation.id]({ params: ctx.params, query, caller }));
  };
}

function aboutOf({ path }: Operation, id: string | undefined): About {
  if (id === undefined) return {};
  return path.startsWith('/products/') ? { product_id: id } : { letter_id: id };
}

const ignoreQuery: ReadQuery = () => ({});

/**
 * A replay takes everything from its URL. A body with something in it asks for more than would be done, so it is refused. The
 * strict reader reads and decodes it; koa-bodyparser parses what that hands on, which can then only fail as JSON.
 */
function createEmptyBodyReader(bodies: BodyReader): (ctx: Context) => Promise<void> {
  const parse = bodyParser({ enableTypes: ['json'] });
  return async (ctx) => {
    const { req, res, request } = ctx;
    if (!hasBody(req)) return;
    const refusal = bodies.refusal(req, BODY_LIMIT);
    if (refusal !== undefined) throw new HttpProblem(refusal);
    const body = await new Promise<Parameters<ReadBody>[0]>((resolve) => {
      bodies.read(req, res, BODY_LIMIT, resolve);
    });
    if (body === undefined) throw new HttpProblem(cutOff);
    if (body === emptyBody) return;
    if (!Buffer.isBuffer(body)) throw new HttpProblem(body);
    checkText(body);
    try {
      await parse(withBody(ctx, body), nothingMore);
    } catch (error) {
      throw new HttpProblem(invalidJson(error), { cause: error });
    }
    const parsed = request.body;
    if (parsed === null || typeof parsed !== 'object' || Array.isArray(parsed) || Object.keys(parsed).length > 0) {
      throw new HttpProblem({ status: 400, detail: 'The body must be empty or {}: a replay takes nothing from it' });
    }
  };
}

/** The context as koa-bodyparser is to see it: with a request that has this body, as it is. */
function withBody(ctx: Context, body: Buffer): Context {
  const req = Object.assign(Readable.from([body]), { headers: { 'content-type': 'application/json' } });
  return Object.create(ctx, { req: { value: req } }) as Context;
}

const cutOff: Problem = { status: 400, detail: 'The body did not come to its end', close: true };
const nothingThere: Problem = { status: 404, detail: 'There is nothing at this path' };
const nothingMore: Next = () => Promise.resolve();

function sendReply(ctx: Context, { status, body, headers }: Reply): void {
  ctx.status = status;
  ctx.set({ ...securityHeaders, 'cache-control': 'no-store', 'content-type': 'application/json', ...headers });
  if (body === undefined) {
    ctx.body = null;
    return;
  }
  ctx.body = typeof body === 'string' ? body : JSON.stringify(body);
}

/** A known path asked in another way (405, or the ways there are, for OPTIONS), or no path of ours (404). */
function answerUnmatched(gate: Gate): Middleware {
  return (ctx) => {
    const refusal = gate.admit(ctx.req, undefined);
    if (isProblem(refusal)) throw new HttpProblem(refusal);
    const matched = (ctx as Context & { matched?: readonly { methods: readonly string[] }[] }).matched ?? [];
    const methods = [...new Set(matched.flatMap((layer) => layer.methods))].toSorted();
    const everything = ctx.req.url === '*' && ctx.method === 'OPTIONS';
    if (methods.length === 0 && !everything) throw new HttpProblem(nothingThere);
    const allow = [...(everything ? ['DELETE', 'GET', 'HEAD', 'POST'] : methods), 'OPTIONS'].join(', ');
    if (ctx.method !== 'OPTIONS') {
      throw new HttpProblem({ status: 405, detail: `This path can be asked with ${allow}`, headers: { allow } });
    }
    sendReply(ctx, { status: 204, headers: { allow } });
  };
}
