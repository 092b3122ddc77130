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
  const { variable, url, port } = placeOf(name);
  if (await answers({ url, port })) return { url };
  const missing = `no ${name} on ${url.hostname}:${port}: start one with packages/tooling/services/services up ${name}, or set ${variable}`;
  if (process.env['SERVICES'] === 'required') throw new Error(`SERVICES=required, and there is ${missing}`);
  return { missing };
}

/** Those that answer now: a run of tests with them is another one than without. */
export async function answeringServices(): Promise<LiveServiceName[]> {
  const names = Object.keys(defaults) as LiveServiceName[];
  const answering = await Promise.all(names.map((name) => answers(placeOf(name))));
  return names.filter((_, i) => answering[i]);
}

function placeOf(name: LiveServiceName): { variable: string; url: URL; port: number } {
  const variable = `${name.toUpperCase()}_URL`;
  const url = new URL(process.env[variable] ?? defaults[name]);
  return { variable, url, port: Number(url.port || new URL(defaults[name]).port) };
}

function answers({ url: { hostname: host }, port }: { url: URL; port: number }): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host, port, timeout: ANSWER_MS });
    const settle = (answered: boolean) => () => {
      socket.destroy();
      resolve(answered);
    };
    socket.once('connect', settle(true)).once('error', settle(false)).once('timeout', settle(false));
  });
}
