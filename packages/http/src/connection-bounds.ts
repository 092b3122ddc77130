import type { Connection, Connections } from './connections.ts';
import type { DropReason } from './http-dependencies.ts';
import type { HttpLimits } from './limits.ts';

export interface ConnectionBounds {
  opened(connection: Connection): void;
  closed(connection: Connection): void;
}

/**
 * Bounds the open connections, in all and per address. At a bound the one that was idle longest goes, served before or
 * not; where none is idle, the one whose request has been arriving for longest; where all wait for our answers, the new one.
 */
export function createConnectionBounds(
  connections: Connections,
  { maxConnections, maxConnectionsPerAddress }: Pick<HttpLimits, 'maxConnections' | 'maxConnectionsPerAddress'>,
  drop: (connection: Connection, reason: DropReason) => void,
): ConnectionBounds {
  const counts = new Map<string, number>();

  function makeRoom(newcomer: Connection, address: string | undefined): void {
    const isAmong = (one: Connection): boolean => address === undefined || one.address === address;
    for (const one of connections.idle) if (one !== newcomer && isAmong(one)) return drop(one, 'idle');
    for (const one of connections.busy) if (isArriving(one) && isAmong(one)) return drop(one, 'unfinished_request');
    drop(newcomer, 'all_busy');
  }

  return {
    opened(connection) {
      const { address } = connection;
      const count = (counts.get(address) ?? 0) + 1;
      counts.set(address, count);
      if (maxConnectionsPerAddress > 0 && count > maxConnectionsPerAddress) makeRoom(connection, address);
      if (connections.size > maxConnections) makeRoom(connection, undefined);
    },
    closed({ address }) {
      const count = (counts.get(address) ?? 1) - 1;
      if (count === 0) counts.delete(address);
      else counts.set(address, count);
    },
  };
}

/** It is the client that is waited for. Behind a refusal our side is closed, and the rest of the body is thrown away. */
function isArriving({ current, socket }: Connection): boolean {
  return socket.writableEnded || current?.req.complete === false;
}
