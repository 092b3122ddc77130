import type { IncomingMessage, OutgoingHttpHeaders, ServerResponse } from 'node:http';
import type { Context } from 'koa';
import { mayHaveLargeBody } from './framing.ts';
import { problemBody, titleOf, type Problem } from './problem.ts';

/** Sent with every answer but the successes of the two hot routes: to those only the first one means anything, and they send it alone. */
export const securityHeaders: Readonly<Record<string, string>> = {
  'x-content-type-options': 'nosniff',
  'cross-origin-resource-policy': 'same-origin',
  'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
  'referrer-policy': 'no-referrer',
};

/** How much of a refused body is read and thrown away so that the client gets to read the answer. */
const LINGER_BYTES = 16 * 1024 * 1024;

/** Answers with the problem, unless an answer was begun. Whatever was not read of the body is thrown away. */
export function sendProblem(req: IncomingMessage, res: ServerResponse, problem: Problem): void {
  if (res.headersSent || res.writableEnded) return;
  const body = problemBody(problem);
  const lingers = mustLinger(req, problem);
  const headers = problemHeaders(problem, Buffer.byteLength(body));
  if (lingers || problem.close === true) headers['connection'] = 'close';
  res.writeHead(problem.status, headers);
  if (!lingers) {
    res.end(body);
    return;
  }
  res.write(body);
  linger(req, res);
}

/** The same through Koa, so that a middleware can add to it; written at once where the rest of a body is thrown away. */
export function answerProblem(ctx: Context, problem: Problem): void {
  if (ctx.res.headersSent || mustLinger(ctx.req, problem)) {
    ctx.respond = false;
    sendProblem(ctx.req, ctx.res, problem);
    return;
  }
  const body = problemBody(problem);
  ctx.status = problem.status;
  ctx.set(problemHeaders(problem, Buffer.byteLength(body)) as Record<string, string>);
  if (problem.close === true) ctx.set('connection', 'close');
  ctx.body = body;
}

function mustLinger(req: IncomingMessage, { close }: Problem): boolean {
  return !req.complete && (close === true || mayHaveLargeBody(req));
}

function problemHeaders(problem: Problem, length: number): OutgoingHttpHeaders {
  return {
    'content-type': 'application/problem+json',
    'content-length': length,
    'cache-control': 'no-store',
    ...securityHeaders,
    ...problem.headers,
  };
}

/**
 * Closing a socket while the client still sends makes the kernel reset it, and the client may never read the answer
 * (RFC 9112, 9.6). So only our side of the connection is closed behind the answer; the other one is read until the client
 * closes it or the body ends, up to `LINGER_BYTES`, or until the server's request time-out.
 */
function linger(req: IncomingMessage, res: ServerResponse): void {
  const { socket } = req;
  // Without a socket the answer still waits behind that to an earlier request of the connection.
  const isOut = res.socket !== null;
  if (isOut) {
    res.flushHeaders();
    socket.end();
  }
  let left = LINGER_BYTES;
  req.on('data', (chunk: Buffer) => {
    left -= chunk.length;
    if (left < 0) req.destroy();
  });
  req.once('end', () => (isOut ? socket.destroySoon() : res.end()));
  req.once('error', () => res.destroy());
  req.resume();
}

/** The whole answer as bytes for a bare socket, where Node refused before there was a request. */
export function problemMessage(problem: Problem): string {
  const body = problemBody(problem);
  const headers = { ...problemHeaders(problem, Buffer.byteLength(body)), connection: 'close' };
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${String(value)}\r\n`);
  return `HTTP/1.1 ${problem.status} ${titleOf(problem.status)}\r\n${lines.join('')}\r\n${body}`;
}
