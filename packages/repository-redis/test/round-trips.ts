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

/** So many turns of the event loop nothing more may be asked before answers are let through: the client is in this process. */
const QUIET_TURNS = 50;

/**
 * Holds answers back as long as requests come, and until all of them are answered, so that what is sent without waiting for
 * an answer is one round trip, however early or late the server answers. No clock has a part in it. Until the count is asked
 * for the first time it lets everything through.
 */
export async function createRoundTripCounter(toPort: number): Promise<RoundTripCounter> {
  const sockets = new Set<Socket>();
  let counting = false;
  let count = 0;

  function accept(client: Socket): void {
    const server = connect({ host: '127.0.0.1', port: toPort, noDelay: true });
    const asked = createValueCounter();
    const answered = createValueCounter();
    let open = 0;
    let held: Buffer[] = [];
    let quietTurns = 0;
    let watching = false;
    const watch = (): void => {
      quietTurns += 1;
      watching = open > 0 || quietTurns < QUIET_TURNS;
      if (watching && !client.destroyed) return void setImmediate(watch);
      if (held.length > 0) count += 1;
      for (const chunk of held) client.write(chunk);
      held = [];
    };
    client.on('data', (chunk) => {
      open += asked(chunk);
      quietTurns = 0;
      server.write(chunk);
    });
    server.on('data', (chunk) => {
      open -= answered(chunk);
      if (!counting) return client.write(chunk);
      held.push(chunk);
      if (watching || open > 0) return undefined;
      watching = true;
      quietTurns = 0;
      return void setImmediate(watch);
    });
    for (const [socket, other] of [
      [client, server],
      [server, client],
    ] as const) {
      sockets.add(socket);
      socket.on('error', () => {});
      socket.on('close', () => {
        sockets.delete(socket);
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

/** Counts the values of a stream in RESP 2 that are complete: requests one way, replies the other way. */
function createValueCounter(): (chunk: Buffer) => number {
  /** How many values each array that has begun still lacks. */
  const lacking: number[] = [];
  let skip = 0;
  let line = '';
  function ended(): number {
    while (lacking.length > 0) {
      const left = (lacking.pop() ?? 0) - 1;
      if (left > 0) {
        lacking.push(left);
        return 0;
      }
    }
    return 1;
  }
  return (chunk) => {
    let whole = 0;
    for (let at = 0; at < chunk.length;) {
      if (skip > 0) {
        const skipped = Math.min(skip, chunk.length - at);
        at += skipped;
        skip -= skipped;
        if (skip === 0) whole += ended();
        continue;
      }
      const end = chunk.indexOf('\n', at);
      line += chunk.toString('latin1', at, end === -1 ? chunk.length : end);
      if (end === -1) break;
      at = end + 1;
      const length = Number.parseInt(line.slice(1), 10);
      if (line.startsWith('$') && length >= 0) skip = length + 2;
      else if (line.startsWith('*') && length > 0) lacking.push(length);
      else whole += ended();
      line = '';
    }
    return whole;
  };
}
