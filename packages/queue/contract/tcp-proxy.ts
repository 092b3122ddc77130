import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { setTimeout as wait } from 'node:timers/promises';
import type { NetworkFault, NetworkFaults } from './faults.ts';

/** A way to a server that can be made bad: clients connect to `port` of 127.0.0.1 instead of the server. */
export interface TcpProxy extends NetworkFaults, AsyncDisposable {
  readonly port: number;
}

/** One client's connection and ours to the server. */
interface Pair {
  readonly client: Socket;
  readonly server: Socket;
  hurt: boolean;
  /** While it is stalled: resolves when it no longer is. */
  stalled: Promise<void> | undefined;
}
type Direction = 'request' | 'answer';

const DELAY_MS = 20;
/** So much of an answer passes before a `reset mid-frame`. */
const BEFORE_RESET_BYTES = 3;
const harmless: readonly (NetworkFault | undefined)[] = ['delayed', 'split', 'stalled', undefined];

export async function createTcpProxy(to: { readonly host: string; readonly port: number }): Promise<TcpProxy> {
  const pairs = new Set<Pair>();
  let fault: NetworkFault | undefined;
  let release = (): void => {};
  const listener = createServer({ allowHalfOpen: true, noDelay: true }, accept);
  const listen = async (port: number): Promise<void> => {
    listener.listen(port, '127.0.0.1');
    await once(listener, 'listening');
  };
  const stopListening = async (): Promise<void> => {
    if (!listener.listening) return;
    listener.close();
    await once(listener, 'close');
  };
  await listen(0);
  const { port } = listener.address() as AddressInfo;

  function accept(client: Socket): void {
    const server = connect({ ...to, allowHalfOpen: true, noDelay: true });
    const pair: Pair = { client, server, hurt: false, stalled: undefined };
    pairs.add(pair);
    hurtBy(fault, pair);
    carry(client, server, (chunk) => pass(pair, 'request', chunk));
    carry(server, client, (chunk) => pass(pair, 'answer', chunk));
    for (const socket of [client, server]) socket.on('close', () => reset(pair));
  }

  function reset(pair: Pair): void {
    pairs.delete(pair);
    for (const socket of [pair.client, pair.server]) {
      // libuv refuses to reset a socket whose end is on its way, and Node then never closes it.
      if (socket.writableEnded) socket.destroy();
      else socket.resetAndDestroy();
    }
  }

  /** Sends a chunk on, as far as the fault of this moment lets it. */
  async function pass(pair: Pair, direction: Direction, chunk: Buffer): Promise<void> {
    const socket = direction === 'request' ? pair.server : pair.client;
    await pair.stalled;
    if (fault === 'delayed') await wait(DELAY_MS);
    if (isLost(fault, direction)) return;
    if (fault === 'reset mid-frame' && direction === 'answer') {
      await write(socket, chunk.subarray(0, BEFORE_RESET_BYTES));
      reset(pair);
      return;
    }
    if (fault !== 'split') return write(socket, chunk);
    for (let i = 0; i < chunk.length; i++) await write(socket, chunk.subarray(i, i + 1));
  }

  function stall(): void {
    const released = new Promise<void>((resolve) => {
      release = resolve;
    });
    for (const pair of pairs) pair.stalled = released;
  }

  function stallNoMore(): void {
    for (const pair of pairs) pair.stalled = undefined;
    release();
  }

  return {
    port,
    async cause(next) {
      const listens = fault !== 'refused';
      fault = next;
      stallNoMore();
      if (next === 'stalled') stall();
      for (const pair of pairs) hurtBy(fault, pair);
      if (next !== 'refused') {
        if (!listens) await listen(port);
        return;
      }
      for (const pair of pairs) reset(pair);
      if (listens) await stopListening();
    },
    async heal() {
      const listens = fault !== 'refused';
      fault = undefined;
      stallNoMore();
      for (const pair of pairs) if (pair.hurt) reset(pair);
      if (!listens) await listen(port);
    },
    async [Symbol.asyncDispose]() {
      stallNoMore();
      for (const pair of pairs) reset(pair);
      await stopListening();
    },
  };
}

function hurtBy(fault: NetworkFault | undefined, pair: Pair): void {
  if (!harmless.includes(fault)) pair.hurt = true;
  if (fault === 'half closed') pair.client.end();
}

function isLost(fault: NetworkFault | undefined, direction: Direction): boolean {
  if (fault === 'black hole') return true;
  if (fault === 'requests lost') return direction === 'request';
  return (fault === 'answers lost' || fault === 'half closed') && direction === 'answer';
}

/** Passes chunk after chunk, and reads the next one only when the last is out; then the end. `pass` never rejects. */
function carry(from: Socket, to: Socket, pass: (chunk: Buffer) => Promise<void>): void {
  let passing = Promise.resolve();
  from.on('data', (chunk: Buffer) => {
    from.pause();
    passing = pass(chunk).then(() => void from.resume());
  });
  // The end may be heard while the last chunk is still held.
  from.on('end', () => void passing.then(() => to.end()));
  // The close that follows resets the pair; there is nobody else to tell.
  from.on('error', () => {});
}

/** Resolves when the chunk has left, or the connection is gone. */
function write(socket: Socket, chunk: Buffer): Promise<void> {
  return new Promise((resolve) => {
    if (!socket.writable) resolve();
    else socket.write(chunk, () => resolve());
  });
}
