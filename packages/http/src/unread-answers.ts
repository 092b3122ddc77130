import type { Connection } from './connections.ts';

/** Both of Node's forms: it tells an encoding from a callback itself. */
type Write = (chunk: unknown, encoding: unknown, callback: unknown) => boolean;

/**
 * Bounds the bytes of all answers that clients have not read: beyond `maxBytes` the connections that have not caught up for
 * longest are dropped.
 */
export function createUnreadBound(
  maxBytes: number,
  drop: (connection: Connection) => void,
): { watch(connection: Connection): void } {
  /** Bytes that wait, of each connection that is behind, in the order in which they fell behind. */
  const behind = new Map<Connection, number>();
  let total = 0;

  function caughtUp(connection: Connection): void {
    total -= behind.get(connection) ?? 0;
    behind.delete(connection);
  }

  function fellBehind(connection: Connection): void {
    const bytes = connection.socket.writableLength;
    total += bytes - (behind.get(connection) ?? 0);
    behind.set(connection, bytes);
    for (const [slowest] of behind) {
      if (total <= maxBytes) return;
      caughtUp(slowest);
      drop(slowest);
    }
  }

  return {
    watch(connection) {
      const { socket } = connection;
      const write = socket.write.bind(socket) as Write;
      // The only place that every answer goes through, and that tells at once that it has to wait.
      const counted: Write = (chunk, encoding, callback) => {
        const hasRoom = write(chunk, encoding, callback);
        if (!hasRoom) fellBehind(connection);
        return hasRoom;
      };
      socket.write = counted as typeof socket.write;
      socket.on('drain', () => caughtUp(connection));
      socket.once('close', () => caughtUp(connection));
    },
  };
}
