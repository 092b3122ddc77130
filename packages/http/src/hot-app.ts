import type { IncomingMessage, ServerResponse } from 'node:http';
import Koa, { type Middleware } from 'koa';
import { productIdIn, type GetProduct } from './get-product.ts';
import { sendOutcome, type HotRoute } from './hot-route.ts';
import type { HttpObserver } from './http-dependencies.ts';
import { toOriginForm } from './request-target.ts';

export interface HotRoutes {
  readonly postEvents: HotRoute;
  readonly getProduct: GetProduct;
}

/** A request that is exactly one of the hot routes. */
export interface HotMatch {
  readonly id: 'postEvents' | 'getProduct';
  readonly route: HotRoute;
}

export type MatchHot = (req: IncomingMessage) => HotMatch | undefined;

/** The hot routes by method and path. What carries a query, or an id that is not encoded well, is left to the router, which knows both too. */
export function createMatchHot({ postEvents, getProduct }: HotRoutes): MatchHot {
  const post: HotMatch = { id: 'postEvents', route: postEvents };
  return (req) => {
    const { method } = req;
    const url = toOriginForm(req);
    if (method === 'POST') return url === '/events' ? post : undefined;
    if (method !== 'GET' && method !== 'HEAD') return undefined;
    const id = productIdIn(url);
    return id === undefined ? undefined : { id: 'getProduct', route: getProduct(id) };
  };
}

export interface HotAppOptions {
  readonly matchHot: MatchHot;
  /** The routes, all of them, as middleware: what somebody adds runs in front of them. */
  readonly routes: readonly Middleware[];
  readonly isDraining: () => boolean;
  readonly observer: HttpObserver;
  readonly monotonicNow: () => number;
  readonly onAccident: (req: IncomingMessage, res: ServerResponse, error: unknown) => void;
}

const served = Promise.resolve();

/**
 * A Koa app whose callback serves the two routes that carry the load in front of Koa: what Koa does around a request
 * (a context, listeners for its end, a chain of promises) costs about as much as either of them. That holds as long as
 * nobody adds a middleware, which has to see all requests: from then on Koa serves them.
 */
export class HotApp extends Koa {
  readonly #options: HotAppOptions;

  constructor(options: HotAppOptions) {
    super();
    this.#options = options;
    this.middleware.push(...options.routes);
  }

  /** Adds it behind those that were added before, in front of the routes. */
  override use: Koa['use'] = (middleware) => {
    super.use(middleware);
    const [added] = this.middleware.splice(-1);
    if (added !== undefined) this.middleware.splice(-this.#options.routes.length, 0, added);
    return this as never;
  };

  override callback(): ReturnType<Koa['callback']> {
    let serveByKoa = super.callback();
    let known = this.middleware.length;
    const { isDraining, onAccident, routes } = this.#options;
    const serve = (req: IncomingMessage, res: ServerResponse): Promise<void> => {
      if (isDraining()) res.shouldKeepAlive = false;
      if (known !== this.middleware.length) {
        // Koa composes what there is when it is asked for its callback, and the server may run already.
        serveByKoa = super.callback();
        known = this.middleware.length;
      }
      if (known > routes.length) return serveByKoa(req, res);
      try {
        if (this.#serveHot(req, res)) return served;
      } catch (error) {
        onAccident(req, res, error);
        return served;
      }
      return serveByKoa(req, res);
    };
    // Koa's types allow for HTTP/2, which `createHttpServer` does not speak.
    return serve as ReturnType<Koa['callback']>;
  }

  /** Whether it was one of the hot routes. What it throws is a bug in one of them. */
  #serveHot(req: IncomingMessage, res: ServerResponse): boolean {
    const { matchHot, observer, monotonicNow } = this.#options;
    const match = matchHot(req);
    if (match === undefined) return false;
    const startedMs = monotonicNow();
    match.route(req, res, (outcome) => {
      const status = sendOutcome(req, res, outcome);
      if (match.id === 'postEvents') observer.responded('POST', '/events', status, monotonicNow() - startedMs);
      else observer.responded(req.method as string, '/products/{id}', status, monotonicNow() - startedMs);
    });
    return true;
  }
}
