import type { IncomingMessage } from 'node:http';
import type Koa from 'koa';
import type { Context } from 'koa';
import { sendProblem } from './answer.ts';
import { createBodyMemory } from './body-memory.ts';
import { createBodyReader } from './body-reader.ts';
import { createDeadLetterRoutes } from './dead-letter-routes.ts';
import { createGate } from './gate.ts';
import { createGetProduct } from './get-product.ts';
import { guardedObserver } from './guarded-observer.ts';
import { createMatchHot, HotApp, type HotAppOptions, type HotRoutes } from './hot-app.ts';
import type { HttpDependencies, HttpObserver } from './http-dependencies.ts';
import { createOperationRoutes } from './operation-routes.ts';
import { operationsOf } from './operations.ts';
import { buildOpenApi } from './openapi.ts';
import { createPostEvents } from './post-events.ts';
import { unexpected, type Problem } from './problem.ts';
import { createProductRoutes } from './product-routes.ts';
import { createRateLimiter } from './rate-limit.ts';
import { createRouter, type RouterOptions } from './router.ts';

export interface HttpApp {
  readonly app: Koa;
  /**
   * From now on `POST /events` and readiness answer 503, and every answer ends its connection. Reads and operations go
   * on. Not to be taken back; harmless when called again.
   */
  drain(): void;
}

/** The service over HTTP, as a Koa app that is a function of its dependencies. It opens nothing and disposes nothing. */
export function createHttpApp(given: HttpDependencies): HttpApp {
  const deps = { ...given, observer: guardedObserver(given.observer) };
  const { clock, observer, options } = deps;
  let drained = false;
  const isDraining = (): boolean => drained;
  const monotonicNow = deps.monotonicNow ?? (() => clock.now());
  const gate = createGate(options);
  const bodies = createBodyReader(createBodyMemory(options.bodyMemoryBytes, monotonicNow));
  const limiter =
    options.rateLimit > 0 ? createRateLimiter({ perSecond: options.rateLimit, now: () => clock.now() }) : undefined;
  const hot: HotRoutes = {
    postEvents: createPostEvents({ deps, gate, bodies, limiter, isDraining, monotonicNow }),
    getProduct: createGetProduct({ deps, gate }),
  };
  const operations = operationsOf(options.role);
  const openApi = buildOpenApi({ operations, version: options.version, withKeys: options.apiKeys.length > 0 });
  const routes = {
    ...createProductRoutes(deps),
    ...createDeadLetterRoutes(deps),
    ...createOperationRoutes({ deps, gate, isDraining, openApi }),
  };

  const matchHot = options.role === 'worker' ? () => undefined : createMatchHot(hot);
  return {
    app: assembleApp({ operations, routes, hot, matchHot, gate, bodies, observer, options, monotonicNow }, isDraining),
    drain() {
      drained = true;
    },
  };
}

/** The routes as an app that answers also what went wrong in them. */
export function assembleApp(routing: RouterOptions, isDraining: () => boolean): Koa {
  const { matchHot, observer, monotonicNow } = routing;
  const onAccident = answerAccident(observer);
  const app = new HotApp({ matchHot, routes: createRouter(routing), isDraining, observer, monotonicNow, onAccident });
  Object.assign(app.context, {
    onerror(this: Context, error: unknown) {
      onAccident(this.req, this.res, error);
    },
  });
  return app;
}

/** For what nobody caught, which is a bug, and for sockets that fail. The latter have nobody to answer. */
function answerAccident(observer: HttpObserver): HotAppOptions['onAccident'] {
  return (req, res, error) => {
    if (error === null || error === undefined || req.socket.destroyed || res.headersSent) return;
    const refusal = refusalOf(error);
    if (refusal !== undefined) return sendProblem(req, res, refusal);
    observer.failed(`${req.method} ${pathOf(req)}`, error);
    sendProblem(req, res, unexpected);
  };
}

/** What a middleware refuses by `ctx.throw(401, 'who are you?')`: an error that says itself that clients may see it. */
function refusalOf(error: unknown): Problem | undefined {
  if (!(error instanceof Error)) return undefined;
  const { status, expose, headers } = error as Error & Partial<Record<'status' | 'expose' | 'headers', unknown>>;
  if (expose !== true || typeof status !== 'number' || !(status >= 400 && status <= 499)) return undefined;
  return { status, detail: error.message, headers: { ...(headers as Problem['headers']) } };
}

function pathOf({ url = '/' }: IncomingMessage): string {
  return url.replace(/\?.*$/s, '');
}
