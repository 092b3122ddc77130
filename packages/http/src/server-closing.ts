import type { Server } from 'node:http';
import { Server as NetServer } from 'node:net';
import type { Connection, Connections } from './connections.ts';
import { closeGently } from './gentle-close.ts';

/** How often silent connections are looked for, in a quiet time. */
const LOOKS = 10;
/** Before the server stops listening, so many looks in a row found no new connection, of at most so many looks: a second. */
const CALM_LOOKS = 5;
const CALM_LOOKS_MAX = 250;
const CALM_LOOK_MS = 4;

export interface ServerClosing {
  readonly server: Server;
  readonly connections: Connections;
  readonly quietMs: number;
  /** Cuts what is left. */
  readonly signal: AbortSignal | undefined;
}

/**
 * Ends the connections with their answers and the silent ones after `quietMs`, stops listening meanwhile, and resolves when
 * the last one is gone.
 */
export function closeServer({ server, connections, quietMs, signal }: ServerClosing): Promise<void> {
  return new Promise((resolve) => {
    let isListening = true;
    const look = createLook(connections);
    const timers = [setInterval(look, quietMs / LOOKS), setTimeout(() => void stopWhenCalm(), quietMs)];

    function stopListening(): void {
      if (!isListening) return;
      isListening = false;
      // Node's own `close` of an HTTP server would destroy idle connections, also those whose next request is on its way.
      NetServer.prototype.close.call(server);
    }

    /**
     * A connection that the kernel has taken and the server has not is reset when listening stops. So nothing is answered for
     * a moment: clients that come back for each request wait for their answer instead of connecting.
     */
    async function stopWhenCalm(): Promise<void> {
      connections.pause();
      let calm = 0;
      for (let looks = 0; calm < CALM_LOOKS && looks < CALM_LOOKS_MAX && isListening; looks += 1) {
        const before = connections.opened;
        await nextLook();
        calm = connections.opened === before ? calm + 1 : 0;
      }
      stopListening();
      connections.resume();
    }

    function cut(): void {
      stopListening();
      for (const { socket } of [...connections.idle, ...connections.busy]) socket.destroy();
    }

    server.once('close', () => {
      for (const timer of timers) clearTimeout(timer);
      signal?.removeEventListener('abort', cut);
      // Only this ends Node's checks of the time-outs, which went on until now.
      server.close();
      resolve();
    });
    connections.endWithAnswers();
    if (signal?.aborted === true) cut();
    else signal?.addEventListener('abort', cut, { once: true });
  });
}

/** Right behind a poll for events, so that all connections that came before are taken. */
function nextLook(): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(() => setImmediate(resolve), CALM_LOOK_MS);
  });
}

/** Closes the connections that are owed no answer and were silent at so many looks as make a quiet time. */
function createLook(connections: Connections): () => void {
  const silent = new WeakMap<Connection, { looks: number; bytesRead: number }>();
  return () => {
    for (const connection of connections.idle) {
      const { socket, waiting } = connection;
      const { bytesRead } = socket;
      const before = silent.get(connection);
      const looks = before?.bytesRead === bytesRead && waiting.length === 0 ? before.looks + 1 : 0;
      silent.set(connection, { looks, bytesRead });
      if (looks >= LOOKS) closeGently(socket);
    }
    // A body that was refused and is thrown away: its client has had the time to read why.
    for (const { socket } of connections.busy) if (socket.writableEnded) closeGently(socket);
  };
}
