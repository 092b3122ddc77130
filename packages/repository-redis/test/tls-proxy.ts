import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { createServer } from 'node:tls';
import type { Certificates } from './certificates.ts';

/** Speaks TLS to clients, and plain TCP to a server on loopback. */
export interface TlsProxy extends AsyncDisposable {
  readonly port: number;
  /** The name that each client asked for (SNI); `false` where it named none. */
  readonly servernames: readonly (string | false)[];
}

export async function createTlsProxy({ certificate, key }: Certificates, toPort: number): Promise<TlsProxy> {
  const servernames: (string | false)[] = [];
  const sockets = new Set<Socket>();
  const own = { cert: readFileSync(certificate), key: readFileSync(key) };
  const listener = createServer(own, (client) => {
    // In TypeScript's types it is missing on the side of the server.
    servernames.push((client as unknown as { readonly servername: string | false }).servername);
    const server = connect(toPort, '127.0.0.1');
    for (const [socket, other] of [
      [client, server],
      [server, client],
    ] as const) {
      sockets.add(socket);
      socket.on('error', () => {}).on('close', () => other.destroy());
    }
    client.pipe(server).pipe(client);
  }).listen(0);
  listener.on('tlsClientError', () => {});
  await once(listener, 'listening');
  return {
    port: (listener.address() as AddressInfo).port,
    servernames,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      listener.close();
      await once(listener, 'close');
    },
  };
}
