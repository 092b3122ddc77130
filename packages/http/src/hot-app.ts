import type { IncomingMessage, ServerResponse } from 'node:http';
import Koa from 'koa';
import { productIdIn } from './get-product.ts';
import { toOriginForm } from './request-target.ts';
import type { HotRoutes } from './router.ts';

/** Serves what is exactly one of the hot routes, and says whether it did. What it throws is a bug in one of them. */
export type ServeHot = (req: IncomingMessage, res: ServerResponse) => boolean;

/** The hot routes by method and path. What carries a query, or an id that is not encoded well, is left to the router, which knows both too. */
export function createServeHot({ postEvents, getProduct }: HotRoutes): ServeHot {
  return (req, res) => {
    const { method } = req;
    const url = toOriginForm(req);
    if (method === 'POST' && url === '/events') {
      postEvents(req, res);
      return true;
    }
    if (method !== 'GET' && method !== 'HEAD') return false;
    const id = productIdIn(url);
    if (id === undefined) return false;
    getProduct(req, res, id);
    return true;
  };
}

export interface HotAppOptions {
  readonly serveHot: ServeHot;
  readonly isDraining: () => boolean;
  readonly onAccident: (req: IncomingMessage, res: ServerResponse, error: unknown) => void;
}

const served = Promise.resolve();

/**
 * A Koa app whose callback serves the two routes that carry the load in front of Koa: what Koa does around a request
 * (a context, listeners for its end, a chain of promises) costs about as much as either of them.
 */
export class HotApp extends Koa {
  readonly #options: HotAppOptions;

  constructor(options: HotAppOptions) {
    super();
    this.#options = options;
  }

  override callback(): ReturnType<Koa['callback']> {
    const serveByKoa = super.callback();
    const { serveHot, isDraining, onAccident } = this.#options;
    const serve = (req: IncomingMessage, res: ServerResponse): Promise<void> => {
      if (isDraining()) res.shouldKeepAlive = false;
      try {
        if (serveHot(req, res)) return served;
      } catch (error) {
        onAccident(req, res, error);
        return served;
      }
      return serveByKoa(req, res);
    };
    // Koa's types allow for HTTP/2, which `createHttpServer` does not speak.
    return serve as ReturnType<Koa['callback']>;
  }
}
