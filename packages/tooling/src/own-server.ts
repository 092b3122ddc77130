import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import { setTimeout as wait } from 'node:timers/promises';

/** A server that a test started and may therefore kill, stop and fill. Its data lives in a temporary folder. */
export interface OwnServer extends AsyncDisposable {
  readonly url: URL;
  readonly port: number;
  /** Of the process that listens, as long as it runs. */
  pid(): number;
  /** SIGKILL; resolves when it is gone. Killed twice is harmless. */
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

/** Starts the program; resolves when it answers, rejects with its last output when it ends instead. */
export async function startOwnServer(options: OwnServerOptions): Promise<OwnServer> {
  const { url, command, args, answers, prepare, endSignal = 'SIGKILL', remove } = options;
  let child: ChildProcess | undefined;

  async function start(): Promise<void> {
    if (child !== undefined) return;
    prepare?.();
    // A group of its own, so that what it forks is stopped and killed with it.
    const started = spawn(command, args, { detached: true, stdio: ['ignore', 'pipe', 'pipe'] });
    child = started;
    let output = '';
    const keep = (chunk: Buffer): void => {
      output = (output + chunk.toString()).slice(-4000);
    };
    started.stdout.on('data', keep);
    started.stderr.on('data', keep);
    let ended: string | undefined;
    started.once('error', (error) => (ended = error.message));
    started.once('exit', (code, signal) => (ended ??= `it ended with ${code ?? signal}`));
    const deadline = performance.now() + START_LIMIT_MS;
    while (!(await answers())) {
      if (ended === undefined && performance.now() < deadline) await wait(20);
      else throw new Error(`${command}: ${ended ?? 'it does not answer'}\n${output}`);
    }
  }
  async function end(signal: NodeJS.Signals): Promise<void> {
    if (child === undefined) return;
    const gone = child.exitCode === null && child.signalCode === null ? once(child, 'exit') : undefined;
    signalGroup(child, signal);
    await gone;
    child = undefined;
  }
  const killAtExit = (): void => {
    if (child !== undefined) signalGroup(child, 'SIGKILL');
  };

  process.once('exit', killAtExit);
  await start();
  return {
    url,
    port: Number(url.port),
    pid: () => child?.pid ?? 0,
    kill: () => end('SIGKILL'),
    start,
    pause: () => child !== undefined && signalGroup(child, 'SIGSTOP'),
    resume: () => child !== undefined && signalGroup(child, 'SIGCONT'),
    async [Symbol.asyncDispose]() {
      process.off('exit', killAtExit);
      if (child !== undefined) signalGroup(child, 'SIGCONT');
      await end(endSignal);
      remove();
    },
  };
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

function signalGroup({ pid }: ChildProcess, signal: NodeJS.Signals): void {
  try {
    if (pid !== undefined) process.kill(-pid, signal);
  } catch {
    // It is gone already.
  }
}
