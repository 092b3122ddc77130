import type { Server } from 'node:http';
import type { Socket } from 'node:net';
import { addressGroup } from './client-address.ts';
import type { HttpLimits } from './limits.ts';

/**
 * Bounds the connections of a server, in all and per address. At a bound the oldest connection that was never answered
 * makes room (it sends nothing, or dribbles), so that whoever only holds connections cannot keep others out; where all
 * were answered, the new one is cut. Returns the connections that are open, oldest first.
 */
export function boundConnections(
  server: Server,
  { maxConnections, maxConnectionsPerAddress }: Pick<HttpLimits, 'maxConnections' | 'maxConnectionsPerAddress'>,
): Iterable<Socket> {
  const all = createConnections();
  const byAddress = new Map<string, Connections>();

  server.on('connection', (socket: Socket) => {
    // Begun again, see `ignoreUpgrades`.
    if (all.has(socket)) return;
    const address = addressGroup(socket.remoteAddress ?? '');
    let own = byAddress.get(address);
    if (own === undefined) byAddress.set(address, (own = createConnections()));
    all.add(socket);
    own.add(socket);
    // Before any room is made, so that the sets are right whichever socket goes.
    socket.once('close', () => {
      all.delete(socket);
      own.delete(socket);
      if (own.size === 0 && byAddress.get(address) === own) byAddress.delete(address);
    });
    if (maxConnectionsPerAddress > 0 && own.size > maxConnectionsPerAddress) makeRoom(own, socket);
    if (!socket.destroyed && all.size > maxConnections) makeRoom(all, socket);
  });

  function makeRoom(connections: Connections, newcomer: Socket): void {
    const victim = connections.oldestUnanswered() ?? newcomer;
    victim.destroy();
    // Its `close` comes later; it no longer counts.
    all.delete(victim);
    connections.delete(victim);
  }

  return all;
}

interface Connections extends Iterable<Socket> {
  readonly size: number;
  has(socket: Socket): boolean;
  add(socket: Socket): void;
  delete(socket: Socket): void;
  /** The newest is never it. Constant time, amortised: what was answered once is never looked at again. */
  oldestUnanswered(): Socket | undefined;
}

function createConnections(): Connections {
  const open = new Set<Socket>();
  /** In the order of their age; some of them were answered since. */
  const unanswered = new Set<Socket>();
  return {
    get size() {
      return open.size;
    },
    has: (socket) => open.has(socket),
    add(socket) {
      open.add(socket);
      unanswered.add(socket);
    },
    delete(socket) {
      open.delete(socket);
      unanswered.delete(socket);
    },
    oldestUnanswered() {
      for (const socket of unanswered) {
        if (unanswered.size === 1) break;
        if (socket.bytesWritten === 0) return socket;
        unanswered.delete(socket);
      }
      return undefined;
    },
    [Symbol.iterator]: () => open[Symbol.iterator](),
  };
}
