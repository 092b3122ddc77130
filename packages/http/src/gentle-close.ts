import type { Socket } from 'node:net';

/** How long a client may take to close its side after ours. */
const LINGER_MS = 1000;

const closing = new WeakSet<Socket>();

/**
 * Closes our side once all is written, then reads and drops what still comes until the client closes too, for a second at
 * most. Closed at once, a request that is on its way would make the kernel reset the connection, and the client might not
 * even read the last answer (RFC 9112, 9.6).
 */
export function closeGently(socket: Socket): void {
  if (socket.destroyed || closing.has(socket)) return;
  closing.add(socket);
  socket.end();
  socket.resume();
  if (socket.writableFinished) linger(socket);
  else socket.once('finish', () => linger(socket));
}

function linger(socket: Socket): void {
  const timer = setTimeout(() => socket.destroy(), LINGER_MS);
  timer.unref();
  socket.once('close', () => clearTimeout(timer));
}
