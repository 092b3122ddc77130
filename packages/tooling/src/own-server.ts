import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { accessSync, constants } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { delimiter, join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { isAlive, signalTree } from './process-tree.ts';

/** A server that a test started and may therefore kill, stop and fill. Its data lives in a temporary folder. */
export interface OwnServer extends AsyncDisposable {
  readonly url: URL;
  readonly port: number;
  /** Of the process that listens; 0 when it does not run. */
  pid(): number;
  /** SIGKILL to it and to the processes it forked; resolves when all are gone. Killed twice is harmless. */
  kill(): Promise<void>;
  /** Starts it again over the same data; resolves when it answers. Started while it runs is harmless. */
  start(): Promise<void>;
  /** SIGSTOP to it and to the processes it forked. */
  pause(): void;
  /** SIGCONT. */
  resume(): void;
  /** Ends it and removes its data. */
  [Symbol.asyncDispose](): Promise<void>;
}

export interface OwnServerOptions {
  readonly url: URL;
  readonly command: string;
  readonly args: readonly string[];
  readonly answers: () => Promise<boolean>;
  /** Before each start: what a kill left behind. */
  readonly prepare?: () => void;
  /** Asks it to end at once and to clear what outlives its process; SIGKILL unless given. */
  readonly endSignal?: NodeJS.Signals;
  readonly remove: () => void;
}

const START_LIMIT_MS = 30_000;

/** Starts the program; resolves when it answers; rejects with its last output, and removes its data, when it does not. */
export async function startOwnServer(options: OwnServerOptions): Promise<OwnServer> {
  const { url, endSignal = 'SIGKILL', remove } = options;
  let child: ChildProcess | undefined;

  async function start(): Promise<void> {
    if (child !== undefined) return;
    options.prepare?.();
    // A session of its own: Ctrl-C is for the tests, which end it.
    child = spawn(options.command, options.args, { detached: true, stdio: ['ignore', 'pipe', 'pipe'] });
    const started = child;
    started.once('exit', () => {
      if (child === started) child = undefined;
    });
    await untilAnswering(started, options);
  }
  async function end(signal: NodeJS.Signals): Promise<void> {
    const pid = child?.pid;
    if (child === undefined || pid === undefined) return;
    const gone = once(child, 'exit');
    const tree = signalTree(pid, signal);
    await gone;
    while (tree.some(isAlive)) await wait(5);
  }
  const endAtExit = (): void => {
    if (child?.pid !== undefined) signalTree(child.pid, 'SIGKILL');
  };
  async function dispose(): Promise<void> {
    process.off('exit', endAtExit);
    if (child?.pid !== undefined) signalTree(child.pid, 'SIGCONT');
    await end(endSignal);
    remove();
  }

  process.once('exit', endAtExit);
  try {
    await start();
  } catch (error) {
    await dispose();
    throw error;
  }
  return {
    url,
    port: Number(url.port),
    pid: () => child?.pid ?? 0,
    kill: () => end('SIGKILL'),
    start,
    pause: () => child?.pid !== undefined && signalTree(child.pid, 'SIGSTOP'),
    resume: () => child?.pid !== undefined && signalTree(child.pid, 'SIGCONT'),
    [Symbol.asyncDispose]: dispose,
  };
}

async function untilAnswering(child: ChildProcess, { command, answers }: OwnServerOptions): Promise<void> {
  let output = '';
  const keep = (chunk: Buffer): void => {
    output = (output + chunk.toString()).slice(-4000);
  };
  child.stdout?.on('data', keep);
  child.stderr?.on('data', keep);
  let ended: string | undefined;
  child.once('error', ({ message }) => (ended = `${message}: "services up" installs it`));
  child.once('exit', (code, signal) => (ended ??= `it ended with ${code ?? signal}`));
  const deadline = performance.now() + START_LIMIT_MS;
  while (!(await answers())) {
    if (ended === undefined && performance.now() < deadline) await wait(20);
    else throw new Error(`${command}: ${ended ?? 'it does not answer'}\n${output}`);
  }
}

/**
 * Why a test cannot start a server of that program, though one may answer, in a container for example; undefined where it can.
 * Without brackets, so that it can stand in a title. With SERVICES=required it is an error.
 */
export function whyNoProgram(program: string): string | undefined {
  const folders = program.includes('/') ? [''] : (process.env['PATH'] ?? '').split(delimiter);
  if (folders.some((folder) => isProgram(join(folder, program)))) return undefined;
  const missing = `no ${program} for a server of the tests’ own, which they kill and fill: "services up" installs it`;
  if (process.env['SERVICES'] === 'required') throw new Error(`SERVICES=required, and there is ${missing}`);
  return missing;
}

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** A port of loopback that was free just now. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}
