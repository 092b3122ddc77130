import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';

/** A way to a server on loopback that counts round trips. */
export interface RoundTripCounter extends AsyncDisposable {
  readonly port: number;
  /** So far; from the first time it is asked, which is when it begins to hold answers back. */
  count(): number;
  /** Holds nothing back any more, until it is asked again. */
  rest(): void;
}

/** So long nothing more may be asked before answers are let through. */
const QUIET_MS = 40;

/**
 * Holds answers back as long as requests come, so that what is sent without waiting for an answer is one round trip,
 * however early the server begins to answer. Until the count is asked for the first time it lets everything through.
 */
export async function createRoundTripCounter(toPort: number): Promise<RoundTripCounter> {
  const sockets = new Set<Socket>();
  let counting = false;
  let count = 0;

  function accept(client: Socket): void {
    const server = connect({ host: '127.0.0.1', port: toPort, noDelay: true });
    let held: Buffer[] = [];
    let quiet: NodeJS.Timeout | undefined;
    const release = (): void => {
      if (held.length > 0) count += 1;
      for (const chunk of held) client.write(chunk);
      held = [];
    };
    const wait = (): void => {
      clearTimeout(quiet);
      quiet = setTimeout(release, QUIET_MS);
    };
    client.on('data', (chunk) => {
      if (counting) wait();
      server.write(chunk);
    });
    server.on('data', (chunk) => {
      if (!counting) return client.write(chunk);
      held.push(chunk);
      return wait();
    });
    for (const [socket, other] of [
      [client, server],
      [server, client],
    ] as const) {
      sockets.add(socket);
      socket.on('error', () => {});
      socket.on('close', () => {
        sockets.delete(socket);
        clearTimeout(quiet);
        other.destroy();
      });
    }
  }

  const listener = createServer({ noDelay: true }, accept).listen(0, '127.0.0.1');
  await once(listener, 'listening');
  return {
    port: (listener.address() as AddressInfo).port,
    count() {
      counting = true;
      return count;
    },
    rest() {
      counting = false;
    },
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      listener.close();
      await once(listener, 'close');
    },
  };
}
