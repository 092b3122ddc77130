import { describe } from '@product-updates/errors';
import { systemClock } from '@product-updates/queue';
import { failure } from '@product-updates/telemetry';
import { describeConfig, readConfig } from './config.ts';
import { migrate } from './migrate.ts';
import { startService, type Service, type ServiceOptions } from './service.ts';
import { version } from './version.ts';

const usage = `product-update-service ${version}

  node main.js                              serve, as the environment says
  node main.js migrate [up [n] | down [n]]  run the migrations of STORE_URL, or undo the last n (one)
  node main.js --help                       print this
  node main.js --version                    print the version

Environment (an empty variable counts as not set; names that are not listed are ignored):

${describeConfig()}
`;

/** Ctrl-C under npm comes twice, from the terminal and from npm: that is one person asking once. */
const SAME_SIGNAL_S = 0.25;

/** How long the reader of the log is given for its last lines. */
const LAST_LINES_MS = 1000;

/** The process: arguments, signals, exit codes. Exits with 0 when it drained or only printed, else with 1. */
export async function run(args: readonly string[], options: ServiceOptions = {}): Promise<void> {
  outliveBrokenOutput();
  const [argument, ...more] = args;
  if (argument === '--help' && more.length === 0) return print(usage);
  if (argument === '--version' && more.length === 0) return print(`${version}\n`);
  if (argument === 'migrate') return migrateOnly(more);
  if (argument !== undefined) refuse(`unknown argument "${argument}"; known: migrate, --help, --version`);

  const starting = start(options);
  const bugs = stopAfterBugs(starting);
  stopOnSignals(starting);
  let service: Service;
  try {
    service = await starting;
  } catch (error) {
    return refuse(reasonOf(error));
  }
  const drained = await sayHowItEnds(service);
  await lastLinesTaken();
  // oxlint-disable-next-line unicorn/no-process-exit -- a store that hangs must not keep a stopped service alive
  process.exit(drained && bugs.count === 0 ? 0 : 1);
}

/** Without a listener, a full disk or a reader that is gone would end the process. The log counts what it cannot write. */
function outliveBrokenOutput(): void {
  for (const stream of [process.stdout, process.stderr]) stream.on('error', () => {});
}

/** An exit drops what a pipe has no room for. */
async function lastLinesTaken(): Promise<void> {
  await new Promise<void>((resolve) => {
    systemClock.schedule(LAST_LINES_MS, resolve);
    process.stdout.write('', () => resolve());
  });
}

async function migrateOnly(args: readonly string[]): Promise<void> {
  try {
    await migrate(args, { say: (line) => print(`${line}\n`) });
  } catch (error) {
    refuse(reasonOf(error));
  }
}

async function start(options: ServiceOptions): Promise<Service> {
  return startService(readConfig(), options);
}

function stopOnSignals(starting: Promise<Service>): void {
  let askedAtS: number | undefined;
  const isUp = whetherUp(starting);

  const onSignal = (signal: string): void => {
    // oxlint-disable-next-line unicorn/no-process-exit -- nothing was accepted yet, and a start may wait for long
    if (!isUp()) process.exit(0);
    const again = askedAtS !== undefined;
    if (askedAtS !== undefined && process.uptime() - askedAtS < SAME_SIGNAL_S) return;
    askedAtS ??= process.uptime();
    void stop(starting, again, ({ log }) => {
      log.info({ signal }, again ? 'asked again to stop: stopping at once' : 'asked to stop');
    });
  };
  for (const signal of ['SIGTERM', 'SIGINT']) process.on(signal, onSignal);
}

function whetherUp(starting: Promise<Service>): () => boolean {
  let up = false;
  starting.then(
    () => (up = true),
    () => {},
  );
  return () => up;
}

/** After one of these the process may be in any state: what was accepted is still brought home, then it ends. */
function stopAfterBugs(starting: Promise<Service>): { readonly count: number } {
  let count = 0;
  const isUp = whetherUp(starting);
  const onBug = (what: string) => (error: unknown) => {
    count += 1;
    // The start may wait for ever, and there is nothing to bring home.
    if (!isUp()) refuse(reasonOf(error));
    void stop(starting, false, ({ log }) => log.error(failure(error), what));
  };
  process.on('uncaughtException', onBug('an exception that nobody caught: stopping'));
  process.on('unhandledRejection', onBug('a rejection that nobody handled: stopping'));
  return {
    get count() {
      return count;
    },
  };
}

/** How it went is told by `stopped`; a start that failed, by the start. */
async function stop(starting: Promise<Service>, hurry: boolean, say: (service: Service) => void): Promise<void> {
  try {
    const service = await starting;
    say(service);
    await service.stop({ hurry });
  } catch {
    // Told elsewhere, see above.
  }
}

/** Whether all was brought home. */
async function sayHowItEnds({ log, stopped }: Service): Promise<boolean> {
  try {
    const { drained, left, where, accepted, settled } = await stopped;
    const told = { accepted, settled, left, ...(left !== 0 && { where }) };
    if (left === 0) log.info(told, 'stopped: drained, nothing is left');
    else if (drained) log.info(told, `stopped: drained, ${left} updates wait ${where}`);
    else if (left === null) log.error(told, `stopped: ${where}`);
    else log.error(told, `stopped: ${left} updates were left: ${where}`);
    return drained;
  } catch (error) {
    log.error(failure(error), 'stopped: it broke down');
    return false;
  }
}

function print(text: string): void {
  process.stdout.write(text);
}

/** Of a bug, which has no code, the place is worth more than a short line. */
function reasonOf(error: unknown): string {
  const { stack } = failure(error);
  return typeof stack === 'string' ? stack : describe(error);
}

function refuse(why: string): never {
  process.stderr.write(`product-update-service: ${why}\n`);
  // oxlint-disable-next-line unicorn/no-process-exit -- a client library that keeps a socket must not keep a refused start alive
  process.exit(1);
}
