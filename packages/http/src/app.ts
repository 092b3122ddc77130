import Koa, { type Context, type Middleware } from 'koa';
import { sendProblem } from './answer.ts';
import { createDeadLetterRoutes } from './dead-letter-routes.ts';
import { createGate } from './gate.ts';
import { createGetProduct, productIdIn } from './get-product.ts';
import type { HttpDependencies, HttpObserver } from './http-dependencies.ts';
import { createOperationRoutes } from './operation-routes.ts';
import { operationsOf } from './operations.ts';
import { buildOpenApi } from './openapi.ts';
import { createPostEvents } from './post-events.ts';
import { unexpected } from './problem.ts';
import { createProductRoutes } from './product-routes.ts';
import { createRateLimiter } from './rate-limit.ts';
import { toOriginForm } from './request-target.ts';
import { createRouter, type HotRoutes } from './router.ts';

export interface HttpApp {
  readonly app: Koa;
  /**
   * From now on `POST /events` and readiness answer 503, and every answer ends its connection. Reads and operations go
   * on. Not to be taken back; harmless when called again.
   */
  drain(): void;
}

/** The service over HTTP, as a Koa app that is a function of its dependencies. It opens nothing and disposes nothing. */
export function createHttpApp(deps: HttpDependencies): HttpApp {
  const { clock, observer, options } = deps;
  let drained = false;
  const isDraining = (): boolean => drained;
  const monotonicNow = deps.monotonicNow ?? (() => clock.now());
  const gate = createGate(options);
  const limiter =
    options.rateLimit > 0 ? createRateLimiter({ perSecond: options.rateLimit, now: () => clock.now() }) : undefined;
  const hot: HotRoutes = {
    postEvents: createPostEvents({ deps, gate, limiter, isDraining, monotonicNow }),
    getProduct: createGetProduct({ deps, gate, monotonicNow }),
  };
  const operations = operationsOf(options.role);
  const openApi = buildOpenApi({ operations, version: options.version, withKeys: options.apiKeys.length > 0 });
  const routes = {
    ...createProductRoutes(deps),
    ...createDeadLetterRoutes(deps),
    ...createOperationRoutes({ deps, gate, isDraining, openApi }),
  };

  const app = new Koa();
  Object.assign(app.context, { onerror: answerAccident(observer) });
  app.use(endConnectionsWhile(isDraining));
  if (options.role !== 'worker') app.use(hotRoutes(hot));
  for (const middleware of createRouter({ operations, routes, hot, gate, observer, monotonicNow })) app.use(middleware);
  return {
    app,
    drain() {
      drained = true;
    },
  };
}

function endConnectionsWhile(isDraining: () => boolean): Middleware {
  return ({ res }, next) => {
    if (isDraining()) res.shouldKeepAlive = false;
    return next();
  };
}

/**
 * The two routes that carry the load, in front of everything: the router and Koa's own way of answering cost as much as
 * the work itself. What is not exactly one of them (a query, another method) falls through to the router, which knows
 * both of them too.
 */
function hotRoutes({ postEvents, getProduct }: HotRoutes): Middleware {
  return (ctx, next) => {
    const { req, res } = ctx;
    const { method } = req;
    const url = toOriginForm(req);
    if (method === 'POST' && url === '/events') {
      ctx.respond = false;
      return postEvents(req, res);
    }
    if (method === 'GET' || method === 'HEAD') {
      const id = productIdIn(url);
      if (id !== undefined) {
        ctx.respond = false;
        return getProduct(req, res, id);
      }
    }
    return next();
  };
}

/**
 * Koa calls this for what no middleware caught (a bug in a hot route) and for sockets that fail. The latter have nobody
 * to answer.
 */
function answerAccident(observer: HttpObserver): (this: Context, error: unknown) => void {
  return function onerror(error) {
    if (error === null || error === undefined || this.req.socket.destroyed || this.res.headersSent) return;
    observer.failed(`${this.method} ${this.path}`, error);
    sendProblem(this.req, this.res, unexpected);
  };
}
