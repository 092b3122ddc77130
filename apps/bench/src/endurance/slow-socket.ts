import { connect } from 'node:net';

/** How a client wastes a connection: it says nothing, never ends its headers, or sends its body byte by byte. */
export type Slowness = 'silent' | 'headers' | 'body';
export const slownesses: readonly Slowness[] = ['silent', 'headers', 'body'];

export interface SlowSocketOptions {
  readonly port: number;
  readonly localAddress: string;
  readonly slowness: Slowness;
  readonly onOpen: () => void;
  /** The server cut it off, or never took it. */
  readonly onClose: () => void;
}

const DRIBBLE_MS = 1000;

/** Answers a function that ends it, silently. */
export function openSlowSocket({ port, localAddress, slowness, onOpen, onClose }: SlowSocketOptions): () => void {
  const socket = connect({ host: '127.0.0.1', port, localAddress });
  let dribble: NodeJS.Timeout | undefined;
  let ended = false;
  socket.on('connect', () => {
    onOpen();
    if (slowness === 'silent') return;
    socket.write(startOf(slowness));
    dribble = setInterval(() => socket.write(slowness === 'body' ? ' ' : 'x'), DRIBBLE_MS);
  });
  socket.on('error', () => socket.destroy());
  socket.on('close', () => {
    clearInterval(dribble);
    if (!ended) onClose();
  });
  socket.resume();
  return () => {
    ended = true;
    socket.destroy();
  };
}

function startOf(slowness: 'headers' | 'body'): string {
  const head = 'POST /events HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nContent-Length: 1000\r\n';
  return slowness === 'headers' ? `${head}X-Slow: ` : `${head}\r\n{`;
}
