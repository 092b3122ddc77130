import { connect } from 'node:net';
import type { LoadRequest } from './cases.ts';
import { createResponseParser } from './response-parser.ts';

/** Which request to send next, and what became of it. */
export interface Traffic {
  /** `undefined`: there is none, the connection is closed. */
  next(): LoadRequest | undefined;
  /** Answers how many milliseconds to wait before the next one. */
  answered(request: LoadRequest, status: number, micros: number): number;
  /** The connection is gone although requests were left. */
  lost(error: Error): void;
}

export interface ConnectionOptions {
  readonly port: number;
  readonly localAddress: string;
  readonly traffic: Traffic;
}

const READ_BUFFER_BYTES = 32_768;

/**
 * One keep-alive connection in a closed loop: the next request goes out when the answer to the last one is complete.
 * Answers a function that ends it.
 */
export function openConnection(options: ConnectionOptions): () => void {
  const { traffic } = options;
  const buffer = Buffer.allocUnsafe(READ_BUFFER_BYTES);
  let current: LoadRequest | undefined;
  let sentAt = 0;
  let ended = false;

  function send(): void {
    current = traffic.next();
    if (current === undefined) {
      end();
      return;
    }
    sentAt = performance.now();
    socket.write(current.bytes);
  }

  function sendNext(): void {
    if (!ended) send();
  }

  function end(): void {
    ended = true;
    socket.destroy();
  }

  function lose(error: Error): void {
    if (ended) return;
    end();
    traffic.lost(error);
  }

  const parser = createResponseParser((status) => {
    if (current === undefined) throw new Error('an answer that nobody asked for');
    const pauseMs = traffic.answered(current, status, (performance.now() - sentAt) * 1000);
    if (pauseMs > 0) setTimeout(sendNext, pauseMs);
    else sendNext();
  });

  function read(length: number): boolean {
    try {
      parser.push(buffer.subarray(0, length));
    } catch (error) {
      lose(error as Error);
    }
    return true;
  }

  const { port, localAddress } = options;
  const socket = connect({ host: '127.0.0.1', port, localAddress, noDelay: true, onread: { buffer, callback: read } });
  socket.on('connect', send);
  socket.on('error', lose);
  socket.on('close', () => lose(new Error('the server closed the connection')));
  return end;
}
