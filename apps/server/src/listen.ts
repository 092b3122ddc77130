import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { CodedError } from '@product-updates/errors';
import { closeHttpServer, serveApp, type HttpApp } from '@product-updates/http';
import type { Config } from './config.ts';

/** A server that listens. Disposing it cuts what is still connected. */
export interface Listening extends AsyncDisposable {
  /** `http://127.0.0.1:8080`, with the real port where any was asked for. */
  readonly url: string;
  /** From now on it is this app that requests go to. */
  serve(app: HttpApp['app']): void;
  /** Takes no more connections and resolves when the last request is answered, or cut when the signal fires. */
  close(signal: AbortSignal): Promise<void>;
}

const reasons: Readonly<Record<string, string>> = {
  EADDRINUSE: 'PORT {port} of {host} is in use: stop what listens there, or set another PORT',
  EACCES: 'PORT {port} needs a right that this user has not: set one above 1023',
  EADDRNOTAVAIL: 'HOST {host} is no address of this machine',
  ENOTFOUND: 'HOST {host} is not known: it is an address of this machine or a name of one',
};

/** Rejects `misconfigured`, naming PORT or HOST, where it cannot listen. */
export async function listen(server: Server, { host, port }: Pick<Config, 'host' | 'port'>): Promise<Listening> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      const reason = reasons[error.code ?? ''] ?? `HOST {host}, PORT {port}: cannot listen there: ${error.message}`;
      reject(new CodedError('misconfigured', reason.replace('{port}', String(port)).replace('{host}', host)));
    });
    server.listen({ host, port }, resolve);
  });
  const { address, family, port: actual } = server.address() as AddressInfo;
  let closed: Promise<void> | undefined;
  const close = (signal: AbortSignal): Promise<void> => (closed ??= closeHttpServer(server, { signal }));
  return {
    url: `http://${family === 'IPv6' ? `[${address}]` : address}:${actual}`,
    serve: (app) => serveApp(server, app),
    close,
    [Symbol.asyncDispose]: () => close(AbortSignal.abort()),
  };
}
