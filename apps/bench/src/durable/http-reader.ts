import { connect } from 'node:net';
import { createResponseParser } from '../load/response-parser.ts';

/**
 * GETs over keep-alive connections, as many as are needed at once. Sockets alone: an HTTP client takes as much of the CPU
 * as the server that shall be measured, and both share the cores.
 */
export interface HttpReader extends Disposable {
  /** Resolves at the end of an answer 200, rejects with any other and where the connection is lost. */
  read(path: string): Promise<void>;
}

interface Connection {
  send(path: string, settle: (error?: Error) => void): void;
  end(): void;
}

export function createHttpReader(port: number): HttpReader {
  const all: Connection[] = [];
  const idle: Connection[] = [];

  function open(): Connection {
    const connection = openConnection(port);
    all.push(connection);
    return connection;
  }
  return {
    read(path) {
      const connection = idle.pop() ?? open();
      return new Promise((resolve, reject) => {
        connection.send(path, (error) => {
          if (error !== undefined) return reject(error);
          idle.push(connection);
          resolve();
        });
      });
    },
    [Symbol.dispose]() {
      for (const connection of all) connection.end();
    },
  };
}

const READ_BUFFER_BYTES = 4096;

/** One request at a time. What is sent before it is connected waits in the socket. */
function openConnection(port: number): Connection {
  const buffer = Buffer.allocUnsafe(READ_BUFFER_BYTES);
  let asked: { readonly path: string; readonly settle: (error?: Error) => void } | undefined;

  function settle(error?: Error): void {
    const settled = asked;
    asked = undefined;
    settled?.settle(error);
  }
  const parser = createResponseParser((status) => {
    settle(status === 200 ? undefined : new Error(`GET ${asked?.path} got the status ${status}`));
  });
  function read(length: number): boolean {
    try {
      parser.push(buffer.subarray(0, length));
    } catch (error) {
      settle(error as Error);
    }
    return true;
  }

  const socket = connect({ host: '127.0.0.1', port, noDelay: true, onread: { buffer, callback: read } });
  socket.on('error', settle);
  socket.on('close', () => settle(new Error('the server closed the connection')));
  return {
    send(path, settleAsked) {
      asked = { path, settle: settleAsked };
      socket.write(`GET ${path} HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nAccept: application/json\r\n\r\n`, 'latin1');
    },
    end: () => socket.destroy(),
  };
}
