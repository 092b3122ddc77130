import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { problemMessage, sendProblem } from './answer.ts';
import type { HttpObserver } from './http-dependencies.ts';
import { headersTooLarge, type Problem } from './problem.ts';

type Observer = Pick<HttpObserver, 'refused' | 'responded'> | undefined;

/** How long a refused client may take to read the answer and go. */
const GOODBYE_MS = 1000;

const notInTime: Problem = {
  status: 408,
  detail: 'The request did not arrive in time',
  reason: 'timeout',
  close: true,
};
const chunkTooLarge: Problem = {
  status: 413,
  detail: 'The extensions of a chunk are too large',
  reason: 'too_large',
  close: true,
};
const notHttp: Problem = {
  status: 400,
  detail: 'This is not a well-formed HTTP/1.1 request',
  reason: 'malformed',
  close: true,
};
const noTunnel: Problem = {
  status: 405,
  detail: 'There are no tunnels here',
  headers: { allow: 'GET, HEAD, POST, DELETE, OPTIONS' },
};

/**
 * Answers what Node's parser refuses. Its own answers are bare, and it writes them even in front of an answer that is
 * still owed to an earlier request of the connection.
 */
export interface ClientErrors {
  /** Node's `clientError`. */
  refuse(error: NodeJS.ErrnoException, socket: Socket): void;
  /** What was parsed and is refused all the same, before any app sees it. */
  refuseHead(req: IncomingMessage, res: ServerResponse, problem: Problem): void;
  /** Node's `connect`: somebody takes this for a proxy. */
  refuseTunnel(socket: Socket): void;
}

/** `latestAnswerOn`: to the last request whose head arrived on the connection. */
export function createClientErrors(
  observer: Observer,
  latestAnswerOn: (socket: Socket) => ServerResponse | undefined,
): ClientErrors {
  const refused = new WeakSet<Socket>();

  /** The answer on its way, if any, goes first; then this one ends the connection. */
  function sayAndClose(socket: Socket, problem: Problem): void {
    const earlier = latestAnswerOn(socket);
    const say = (): void => {
      if (!socket.writable) return;
      socket.end(problemMessage(problem));
      socket.setTimeout(GOODBYE_MS, () => socket.destroy());
      socket.resume();
    };
    if (earlier === undefined || earlier.writableFinished) say();
    else earlier.once('finish', say);
  }

  function report(problem: Problem): void {
    if (problem.reason !== undefined) observer?.refused(problem.reason, 1);
    observer?.responded('OTHER', 'unparsed', problem.status, 0);
  }

  return {
    refuse(error, socket) {
      if (refused.has(socket)) return;
      refused.add(socket);
      if (!socket.writable || error.code === 'ECONNRESET' || error.code === 'EPIPE') {
        socket.destroy();
        return;
      }
      const problem = problemOf(error.code);
      const current = latestAnswerOn(socket);
      if (current === undefined || current.req.complete) {
        report(problem);
        sayAndClose(socket, problem);
      } else if (current.headersSent) {
        // It is answered already, and the rest of its body was being thrown away.
        socket.destroySoon();
      } else {
        report(problem);
        sendProblem(current.req, current, problem);
        current.end();
      }
    },
    refuseHead(req, res, problem) {
      report(problem);
      sendProblem(req, res, problem);
    },
    refuseTunnel(socket) {
      report(noTunnel);
      sayAndClose(socket, noTunnel);
    },
  };
}

function problemOf(code: string | undefined): Problem {
  switch (code) {
    case 'ERR_HTTP_REQUEST_TIMEOUT':
      return notInTime;
    case 'HPE_HEADER_OVERFLOW':
      return headersTooLarge;
    case 'HPE_CHUNK_EXTENSIONS_OVERFLOW':
      return chunkTooLarge;
    default:
      return notHttp;
  }
}
