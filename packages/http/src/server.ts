import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type Koa from 'koa';
import type { Abortable } from '@product-updates/queue';
import { sendProblem } from './answer.ts';
import { hasBody } from './body-reader.ts';
import { createClientErrors } from './client-error.ts';
import { createConnectionBounds } from './connection-bounds.ts';
import { Connections, type Connection } from './connections.ts';
import { mayHaveLargeBody, refusalOfHead } from './framing.ts';
import { guardedServerObserver } from './guarded-observer.ts';
import type { DropReason, HttpObserver } from './http-dependencies.ts';
import { ignoreUpgrades, isUpgrade } from './ignore-upgrade.ts';
import { defaultHttpLimits, HEADERS_MAX, type HttpLimits } from './limits.ts';
import { closeServer } from './server-closing.ts';
import { boundUnfinishedHeads } from './unfinished-heads.ts';
import { createUnreadBound } from './unread-answers.ts';

export interface HttpServerOptions extends Partial<HttpLimits> {
  /** Hears of what is refused before the app sees it. */
  readonly observer?: Pick<HttpObserver, 'refused' | 'responded' | 'connectionDropped'>;
}

type Handle = (req: IncomingMessage, res: ServerResponse) => void;

interface Inside {
  readonly serve: (app: Koa) => void;
  readonly close: (signal: AbortSignal | undefined) => Promise<void>;
}

const insides = new WeakMap<Server, Inside>();

/**
 * A server around the app that bounds what clients may cost, and answers with problems what Node itself refuses. It does
 * not listen yet. Without an app, requests wait until `serveApp` gives it one.
 */
export function createHttpServer(app: Koa | null, { observer: given, ...limits }: HttpServerOptions = {}): Server {
  const bounds = { ...defaultHttpLimits, ...limits };
  const observer = given === undefined ? undefined : guardedServerObserver(given);
  const dispatch = createDispatch();
  if (app !== null) dispatch.serve(app);
  const server = createServer({
    headersTimeout: bounds.headersTimeoutMs,
    requestTimeout: bounds.requestTimeoutMs,
    keepAliveTimeout: bounds.keepAliveTimeoutMs,
    connectionsCheckingInterval: bounds.checkingIntervalMs,
    maxHeaderSize: bounds.maxHeaderBytes + bounds.maxQueryBytes,
    shouldUpgradeCallback: (req) => !hasBody(req),
    // The app answers a missing Host itself: Node's own answer is bare.
    requireHostHeader: false,
  });
  server.maxHeadersCount = HEADERS_MAX;
  // Else Node ends the connection of a client that has sent all it wants to, before an answer that takes longer.
  Object.assign(server, { httpAllowHalfOpen: true });
  server.setTimeout(bounds.idleTimeoutMs);
  const connections = createConnections(server, bounds, observer);
  const latestAnswerOn = (socket: Socket): ServerResponse | undefined => connections.of(socket).latest;
  const errors = createClientErrors(observer, latestAnswerOn);
  const serve: Handle = (req, res) => {
    const refusal = refusalOfHead(req, bounds.maxHeaderBytes);
    if (refusal !== undefined) return errors.refuseHead(req, res, refusal);
    if (isUpgrade(req)) res.shouldKeepAlive = false;
    if (mayHaveLargeBody(req)) closeUnlessRead(req, res);
    dispatch.handle(req, res);
  };
  for (const event of ['request', 'checkContinue'] as const) {
    server.on(event, (req: IncomingMessage, res: ServerResponse) => connections.began(req, res, serve));
  }
  server.on('checkExpectation', (req: IncomingMessage, res: ServerResponse) => {
    connections.began(req, res, () => {
      sendProblem(req, res, { status: 417, detail: 'The only expectation that is known is 100-continue', close: true });
      observer?.responded('OTHER', 'unparsed', 417, 0);
    });
  });
  server.on('clientError', (error: NodeJS.ErrnoException, socket) => errors.refuse(error, socket as Socket));
  server.on('connect', (_req, socket) => errors.refuseTunnel(socket as Socket));
  ignoreUpgrades(server, latestAnswerOn);
  insides.set(server, {
    serve: dispatch.serve,
    close: (signal) => closeServer({ server, connections, quietMs: bounds.closingQuietMs, signal }),
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
 * Closes the server so that no client is cut: from now on each answer ends its connection, and what is silent for half a
 * second is closed. So long it goes on listening, since those who do not know yet that it closes still come. Resolves when the
 * last connection is gone. When the signal fires, the rest are cut. Drain the app first, so that it refuses updates.
 */
export function closeHttpServer(server: Server, { signal }: Abortable = {}): Promise<void> {
  return insides.get(server)?.close(signal) ?? Promise.resolve();
}

function createConnections(server: Server, bounds: HttpLimits, observer: HttpServerOptions['observer']): Connections {
  const drop = (connection: Connection, reason: DropReason): void => {
    observer?.connectionDropped(reason);
    connections.delete(connection);
    connection.socket.destroy();
  };
  const connections = new Connections(server, {
    maxWaiting: bounds.maxPipelined,
    onFlood: (connection) => drop(connection, 'pipelining'),
    onOpen(connection) {
      unread.watch(connection);
      connectionBounds.opened(connection);
    },
    onClose: (connection) => connectionBounds.closed(connection),
  });
  const unread = createUnreadBound(bounds.maxUnreadBytes, (connection) => drop(connection, 'unread_answer'));
  const connectionBounds = createConnectionBounds(connections, bounds, drop);
  boundUnfinishedHeads(server, connections, bounds.maxUnfinishedHeadBytes, (connection) =>
    drop(connection, 'unfinished_request'),
  );
  return connections;
}

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
