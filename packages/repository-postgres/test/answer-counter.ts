import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';

/** Between a client and a server: counts what the server has finished answering. */
export interface AnswerCounter extends AsyncDisposable {
  readonly port: number;
  readonly answers: number;
}

const HEADER_BYTES = 5;
const READY_FOR_QUERY = 'Z'.charCodeAt(0);

/** One ReadyForQuery ends each round trip (PostgreSQL manual, "Message Formats"). */
export async function countAnswers(to: { readonly host: string; readonly port: number }): Promise<AnswerCounter> {
  const sockets = new Set<Socket>();
  let answers = 0;
  const listener = createServer((client) => {
    const server = connect(to);
    let rest: Buffer = Buffer.alloc(0);
    server.on('data', (chunk: Buffer) => {
      rest = Buffer.concat([rest, chunk]);
      while (rest.length >= HEADER_BYTES && rest.length > rest.readInt32BE(1)) {
        if (rest[0] === READY_FOR_QUERY) answers++;
        rest = rest.subarray(1 + rest.readInt32BE(1));
      }
    });
    client.pipe(server).pipe(client);
    for (const [socket, other] of [
      [client, server],
      [server, client],
    ] as const) {
      sockets.add(socket);
      // A reset is no end: a pipe does not pass it on.
      socket
        .on('error', () => {})
        .on('close', () => {
          sockets.delete(socket);
          other.destroy();
        });
    }
  });
  listener.listen(0, '127.0.0.1');
  await once(listener, 'listening');
  return {
    port: (listener.address() as AddressInfo).port,
    get answers() {
      return answers;
    },
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      listener.close();
      await once(listener, 'close');
    },
  };
}
