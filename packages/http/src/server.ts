import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type Koa from 'koa';
import type { Abortable } from '@product-updates/queue';
import { sendProblem } from './answer.ts';
import { hasBody } from './body-reader.ts';
import { createClientErrors } from './client-error.ts';
import { mayHaveLargeBody, refusalOfHead } from './framing.ts';
import { ignoreUpgrades, isUpgrade } from './ignore-upgrade.ts';
import { boundConnections } from './connection-bounds.ts';
import { guardedServerObserver } from './guarded-observer.ts';
import type { HttpObserver } from './http-dependencies.ts';
import { defaultHttpLimits, HEADERS_MAX, type HttpLimits } from './limits.ts';

export interface HttpServerOptions extends Partial<HttpLimits> {
  /** Hears of what is refused before the app sees it. */
  readonly observer?: Pick<HttpObserver, 'refused' | 'responded'>;
}

interface Inside {
  readonly serve: (app: Koa) => void;
  /** Ends the connections: now those that nothing is owed, the others with the answer they wait for. */
  readonly letGo: () => void;
}

const insides = new WeakMap<Server, Inside>();

/**
 * A server around the app that bounds what clients may cost, and answers with problems what Node itself refuses. It does
 * not listen yet. Without an app, requests wait until `serveApp` gives it one.
 */
export function createHttpServer(app: Koa | null, { observer: given, ...limits }: HttpServerOptions = {}): Server {
  const bounds = { ...defaultHttpLimits, ...limits };
  const observer = given === undefined ? undefined : guardedServerObserver(given);
  const errors = createClientErrors(observer);
  const dispatch = createDispatch();
  if (app !== null) dispatch.serve(app);
  const handleRequest = (req: IncomingMessage, res: ServerResponse): void => {
    errors.began(req, res);
    const refusal = refusalOfHead(req, bounds.maxHeaderBytes);
    if (refusal !== undefined) return errors.refuseHead(req, res, refusal);
    if (isUpgrade(req)) res.shouldKeepAlive = false;
    if (mayHaveLargeBody(req)) closeUnlessRead(req, res);
    dispatch.handle(req, res);
  };
  const server = createServer(
    {
      headersTimeout: bounds.headersTimeoutMs,
      requestTimeout: bounds.requestTimeoutMs,
      keepAliveTimeout: bounds.keepAliveTimeoutMs,
      connectionsCheckingInterval: bounds.checkingIntervalMs,
      maxHeaderSize: bounds.maxHeaderBytes + bounds.maxQueryBytes,
      shouldUpgradeCallback: (req) => !hasBody(req),
      // The app answers a missing Host itself: Node's own answer is bare.
      requireHostHeader: false,
    },
    handleRequest,
  );
  server.maxHeadersCount = HEADERS_MAX;
  // Else Node ends the connection of a client that has sent all it wants to, before an answer that takes longer.
  Object.assign(server, { httpAllowHalfOpen: true });
  server.setTimeout(bounds.idleTimeoutMs);
  server.on('checkContinue', handleRequest);
  server.on('checkExpectation', (req: IncomingMessage, res: ServerResponse) => {
    errors.began(req, res);
    sendProblem(req, res, { status: 417, detail: 'The only expectation that is known is 100-continue', close: true });
    observer?.responded('OTHER', 'unparsed', 417, 0);
  });
  server.on('clientError', (error: NodeJS.ErrnoException, socket) => errors.refuse(error, socket as Socket));
  server.on('connect', (_req, socket) => errors.refuseTunnel(socket as Socket));
  ignoreUpgrades(server, (socket) => errors.answerOn(socket));
  const connections = boundConnections(server, bounds);
  insides.set(server, {
    serve: dispatch.serve,
    letGo() {
      for (const socket of connections) letGo(socket, errors.answerOn(socket), bounds.requestTimeoutMs);
    },
  });
  return server;
}

/** Only routes that are asked with POST read their bodies; what else comes with a large one is answered, and cut off. */
function closeUnlessRead(req: IncomingMessage, res: ServerResponse): void {
  if (req.method !== 'POST') res.shouldKeepAlive = false;
  res.once('finish', () => {
    if (!req.complete) req.socket.destroySoon();
  });
}

/**
 * From now on requests go to this app: those that waited for one, and all that come. What another app has begun to answer
 * it ends.
 */
export function serveApp(server: Server, app: Koa): void {
  insides.get(server)?.serve(app);
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
    insides.get(server)?.letGo();
    if (signal?.aborted === true) cut();
    else signal?.addEventListener('abort', cut, { once: true });
  });
}

type Handle = (req: IncomingMessage, res: ServerResponse) => void;

function createDispatch(): { handle: Handle; readonly serve: (app: Koa) => void } {
  let begin = (): void => {};
  const begun = new Promise<void>((resolve) => {
    begin = resolve;
  });
  const dispatch = {
    // Only until there is an app: which one is there then is asked then.
    handle: (req: IncomingMessage, res: ServerResponse): void => void begun.then(() => dispatch.handle(req, res)),
    serve: (app: Koa): void => {
      const handle = app.callback();
      dispatch.handle = (req, res) => void handle(req, res);
      begin();
    },
  };
  return dispatch;
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
