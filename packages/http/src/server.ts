import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type Koa from 'koa';
import type { Abortable } from '@product-updates/queue';
import { sendProblem } from './answer.ts';
import { createClientErrors } from './client-error.ts';
import { boundConnections } from './connection-bounds.ts';
import type { HttpObserver } from './http-dependencies.ts';
import { defaultHttpLimits, type HttpLimits } from './limits.ts';

export interface HttpServerOptions extends Partial<HttpLimits> {
  /** Hears of what is refused before the app sees it. */
  readonly observer?: Pick<HttpObserver, 'refused' | 'responded'>;
}

/** For each server, what ends its connections: now those that nothing is owed, the others with the answer they wait for. */
const lettingGo = new WeakMap<Server, () => void>();

/**
 * A server around the app that bounds what clients may cost, and answers with problems what Node itself refuses. It does
 * not listen yet.
 */
export function createHttpServer(app: Koa, { observer, ...limits }: HttpServerOptions = {}): Server {
  const bounds = { ...defaultHttpLimits, ...limits };
  const errors = createClientErrors(observer);
  const handle = app.callback();
  const handleRequest = (req: IncomingMessage, res: ServerResponse): void => {
    errors.began(req, res);
    void handle(req, res);
  };
  const server = createServer(
    {
      headersTimeout: bounds.headersTimeoutMs,
      requestTimeout: bounds.requestTimeoutMs,
      keepAliveTimeout: bounds.keepAliveTimeoutMs,
      connectionsCheckingInterval: bounds.checkingIntervalMs,
      maxHeaderSize: bounds.maxHeaderBytes,
      // The app answers a missing Host itself: Node's own answer is bare.
      requireHostHeader: false,
    },
    handleRequest,
  );
  server.setTimeout(bounds.idleTimeoutMs);
  server.on('checkContinue', handleRequest);
  server.on('checkExpectation', (req: IncomingMessage, res: ServerResponse) => {
    errors.began(req, res);
    sendProblem(req, res, { status: 417, detail: 'The only expectation that is known is 100-continue', close: true });
    observer?.responded('OTHER', 'unparsed', 417, 0);
  });
  server.on('clientError', (error: NodeJS.ErrnoException, socket) => errors.refuse(error, socket as Socket));
  server.on('connect', (_req, socket) => errors.refuseTunnel(socket as Socket));
  const connections = boundConnections(server, bounds);
  lettingGo.set(server, () => {
    for (const socket of connections) letGo(socket, errors.answerOn(socket), bounds.requestTimeoutMs);
  });
  return server;
}

/**
 * Stops listening and resolves when the last connection is gone: those at rest at once, the others after the answer that
 * they wait for, but no longer than a request may take to arrive. When the signal fires, the rest are cut. Drain the app first, so that answers end their connections.
 */
export function closeHttpServer(server: Server, { signal }: Abortable = {}): Promise<void> {
  return new Promise((resolve) => {
    const cut = (): void => server.closeAllConnections();
    server.close(() => {
      signal?.removeEventListener('abort', cut);
      resolve();
    });
    lettingGo.get(server)?.();
    if (signal?.aborted === true) cut();
    else signal?.addEventListener('abort', cut, { once: true });
  });
}

/**
 * Node alone would wait for those that have sent nothing or half a head, let a connection rest after its answer, and, as
 * it stops looking at the times when it closes, wait for ever for the rest of a body. Of a body that is refused already
 * nobody needs the rest.
 */
function letGo(socket: Socket, answer: ServerResponse | undefined, requestTimeoutMs: number): void {
  const isRefused = answer?.headersSent === true && !answer.req.complete;
  if (answer === undefined || answer.writableFinished || isRefused) {
    socket.destroySoon();
    return;
  }
  answer.shouldKeepAlive = false;
  answer.once('finish', () => socket.destroySoon());
  if (answer.req.complete) return;
  const late = setTimeout(() => {
    if (!answer.req.complete) socket.destroy();
  }, requestTimeoutMs);
  late.unref();
}
