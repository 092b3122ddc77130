import { connect } from 'node:net';

const defaults = {
  postgres: 'postgres://postgres@127.0.0.1:5432/postgres',
  redis: 'redis://127.0.0.1:6379',
} as const;

export type ServerName = keyof typeof defaults;

const ANSWER_MS = 2000;

/** POSTGRES_URL or REDIS_URL, else the usual port on loopback. Rejects, with how to start one, where nobody listens. */
export function serverUrl(name: ServerName): Promise<URL> {
  return startedUrl(name, new URL(process.env[variableOf(name)] ?? defaults[name]));
}

export async function startedUrl(name: ServerName, url: URL): Promise<URL> {
  const port = Number(url.port || new URL(defaults[name]).port);
  if (await takesConnections(url.hostname, port)) return url;
  throw new Error(
    `no ${name} on ${url.hostname}:${port}: start one with packages/tooling/services/services up ${name}, or set ${variableOf(name)}`,
  );
}

function variableOf(name: ServerName): string {
  return `${name.toUpperCase()}_URL`;
}

function takesConnections(host: string, port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host, port, timeout: ANSWER_MS });
    const settle = (answer: boolean) => () => {
      socket.destroy();
      resolve(answer);
    };
    socket.once('connect', settle(true)).once('error', settle(false)).once('timeout', settle(false));
  });
}
