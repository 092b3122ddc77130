import type { Server } from 'node:http';
import type { Connection, Connections } from './connections.ts';

/** Often enough that little more than the bound can come between two looks, seldom enough to cost nothing. */
const LOOK_EVERY_MS = 200;

/**
 * Bounds what the heads of requests hold together that have not arrived whole. Node's parser keeps their bytes and reports
 * nothing until the end, so the idle connections are looked at: those that brought the most since their last answer are dropped.
 */
export function boundUnfinishedHeads(
  server: Server,
  connections: Connections,
  maxBytes: number,
  drop: (connection: Connection) => void,
): void {
  function look(): void {
    let total = 0;
    for (const connection of connections.idle) total += unfinishedBytes(connection);
    if (total <= maxBytes) return;
    for (const connection of [...connections.idle].toSorted((a, b) => unfinishedBytes(b) - unfinishedBytes(a))) {
      total -= unfinishedBytes(connection);
      drop(connection);
      if (total <= maxBytes) return;
    }
  }

  server.on('listening', () => {
    const timer = setInterval(look, LOOK_EVERY_MS);
    timer.unref();
    server.once('close', () => clearInterval(timer));
  });
}

function unfinishedBytes({ socket, readBefore }: Connection): number {
  return socket.bytesRead - readBefore;
}
