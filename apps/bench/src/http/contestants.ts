import { startCommand, type RunningServer } from '../process/server.ts';
import { startSubject, subjects, type StartOptions } from '../subjects/subject.ts';

/** What is measured: a server under its name in the report. */
export interface Contestant {
  readonly name: string;
  /** Not one of ours: it may lack arrays, and what it cannot do is left out instead of ending the run. */
  readonly isForeign: boolean;
  start(): Promise<Measured>;
}

/** `pid` is unknown where somebody else started it: then nothing is known of its CPU time and memory. */
export type Measured = Pick<RunningServer, 'port'> & { readonly pid: number | undefined } & AsyncDisposable;

/** Ours, then those of `--against`, in this order. */
export function contestantsOf(against: readonly string[], options: StartOptions): readonly Contestant[] {
  const ours = subjects.map((name) => ({ name, isForeign: false, start: () => startSubject(name, options) }));
  return [...ours, ...against.map((what) => foreign(what, options))];
}

/** `what` is a URL of this machine's loopback, where a server runs, or a command that starts one on the port that `PORT` says. */
function foreign(what: string, { core }: StartOptions): Contestant {
  if (/^https?:/i.test(what)) {
    const running = { port: loopbackPortOf(what), pid: undefined, [Symbol.asyncDispose]: () => Promise.resolve() };
    return { name: what, isForeign: true, start: () => Promise.resolve(running) };
  }
  const probe = { path: '/products/none', anyStatus: true };
  // The shell makes way for the program, so that the process id is the program's.
  const start = (): Promise<RunningServer> => startCommand({ command: ['sh', '-c', `exec ${what}`], core, probe });
  return { name: what, isForeign: true, start };
}

/** Throws for what is not plain HTTP on 127.0.0.1: the load goes nowhere else. */
export function loopbackPortOf(text: string): number {
  const url = new URL(text);
  if (url.protocol !== 'http:' || !['127.0.0.1', 'localhost'].includes(url.hostname) || url.pathname !== '/') {
    throw new Error(`--against: "${text}" is not http://127.0.0.1:PORT`);
  }
  return Number(url.port === '' ? '80' : url.port);
}
