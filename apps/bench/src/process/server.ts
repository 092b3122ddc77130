import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import { delay, get } from './probe.ts';
import { onCore } from './pinning.ts';

/** A server in a child process, answering. */
export interface RunningServer extends AsyncDisposable {
  readonly port: number;
  readonly pid: number;
  /** From the start of the process to its first answer, in milliseconds. */
  readonly startMs: number;
  /** The channel to a script that was preloaded into it, see `preload`. */
  readonly process: ChildProcess;
}

export interface ServerOptions {
  /** What Node is called with: flags, then the script. */
  readonly args: readonly string[];
  readonly core: number | null;
  readonly env?: Readonly<Record<string, string>>;
}

export interface CommandOptions extends Omit<ServerOptions, 'args'> {
  /** The program and its arguments. */
  readonly command: readonly string[];
  /** The path that is asked until it is answered, with 200 unless any answer will do. */
  readonly probe: { readonly path: string; readonly anyStatus: boolean };
}

const START_TIMEOUT_MS = 15_000;
const STOP_TIMEOUT_MS = 15_000;
const PROBE_INTERVAL_MS = 2;

/** Starts one of ours on a free port of loopback, given in `PORT`, and waits until it answers `GET /livez` with 200. */
export function startServer({ args, ...options }: ServerOptions): Promise<RunningServer> {
  const probe = { path: '/livez', anyStatus: false };
  return startCommand({ ...options, command: [process.execPath, ...args], probe });
}

/** Starts any program that serves HTTP on the port of loopback that `PORT` says, and waits until it answers. */
export async function startCommand(options: CommandOptions): Promise<RunningServer> {
  const port = await freePort();
  const [command = process.execPath, ...args] = onCore(options.core, options.command);
  const startedAt = performance.now();
  const child = spawn(command, args, {
    env: { ...environment(), LOG_LEVEL: 'warn', ...options.env, PORT: String(port) },
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
  });
  const errors = collectErrors(child);
  while (!(await answers(port, options.probe))) {
    if (child.exitCode !== null || child.signalCode !== null) throw new Error(`the server ended: ${errors()}`);
    if (performance.now() - startedAt > START_TIMEOUT_MS) {
      child.kill('SIGKILL');
      throw new Error(`the server does not answer: ${errors()}`);
    }
    await delay(PROBE_INTERVAL_MS);
  }
  const startMs = performance.now() - startedAt;
  const { pid } = child;
  if (pid === undefined) throw new Error('a server without a process id');
  return { port, pid, startMs, process: child, [Symbol.asyncDispose]: () => stop(child) };
}

/** The user's own settings must not bend the benchmark: nothing but the path comes along. */
function environment(): Record<string, string> {
  return { PATH: process.env['PATH'] ?? '' };
}

/** The last of what it wrote to stderr. */
function collectErrors(child: ChildProcess): () => string {
  let text = '';
  child.stderr?.on('data', (chunk: Buffer) => {
    text = (text + chunk.toString()).slice(-2000);
  });
  return () => text;
}

async function answers(port: number, { path, anyStatus }: CommandOptions['probe']): Promise<boolean> {
  try {
    const { status } = await get(port, path);
    return anyStatus || status === 200;
  } catch {
    return false;
  }
}

async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exited = once(child, 'exit');
  child.kill('SIGTERM');
  const timer = setTimeout(() => child.kill('SIGKILL'), STOP_TIMEOUT_MS);
  await exited;
  clearTimeout(timer);
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}
