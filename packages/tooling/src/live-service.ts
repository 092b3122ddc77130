import { connect } from 'node:net';

/** The servers that live tests talk to, where `services up` brings them up. */
const defaults = {
  postgres: 'postgres://postgres@127.0.0.1:5432/postgres',
  redis: 'redis://127.0.0.1:6379',
} as const;

export type LiveServiceName = keyof typeof defaults;

/** Where the server answers, or why its tests cannot run: without brackets, so that it can stand in a title. */
export type LiveService = { readonly url: URL } | { readonly missing: string };

const ANSWER_MS = 2000;

/**
 * The server of that name: POSTGRES_URL or REDIS_URL, else its usual port on loopback. It is there when it takes a
 * connection. With SERVICES=required a missing one is an error, so that its tests cannot be skipped unseen.
 */
export async function liveService(name: LiveServiceName): Promise<LiveService> {
  const variable = `${name.toUpperCase()}_URL`;
  const url = new URL(process.env[variable] ?? defaults[name]);
  const port = Number(url.port || new URL(defaults[name]).port);
  if (await answers(url.hostname, port)) return { url };
  const missing = `no ${name} on ${url.hostname}:${port}: start one with packages/tooling/services/services up ${name}, or set ${variable}`;
  if (process.env['SERVICES'] === 'required') throw new Error(`SERVICES=required, and there is ${missing}`);
  return { missing };
}

function answers(host: string, port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host, port, timeout: ANSWER_MS });
    const settle = (answered: boolean) => () => {
      socket.destroy();
      resolve(answered);
    };
    socket.once('connect', settle(true)).once('error', settle(false)).once('timeout', settle(false));
  });
}
