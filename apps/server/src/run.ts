import { describe } from '@product-updates/errors';
import { systemClock } from '@product-updates/queue';
import { failure } from '@product-updates/telemetry';
import { describeConfig, readConfig } from './config.ts';
import { readCommand, type Migration } from './arguments.ts';
import { migrate, type Migrated } from './migrate.ts';
import { startService, type Service, type ServiceOptions } from './service.ts';
import { askYesOrNo } from './terminal.ts';
import { version } from './version.ts';

const usage = `product-update-service ${version}

  npm start                serve, as the environment says
  npm start -- --help      print this
  npm start -- --version   print the version
  npm run migrate          run the migrations of STORE_URL; npm run migrate -- --help tells more

node apps/server/dist/src/main.js, once it is built, takes the same arguments, and migrate as the first of them.

Environment (an empty variable counts as not set; names that are not listed are ignored):

${describeConfig()}
`;

const migrateUsage = `product-update-service ${version}

  npm run migrate                      run the migrations that are missing
  npm run migrate -- up n              at most n of them
  npm run migrate -- down [n] [--yes]  undo the last one, or the last n, and drop what their tables hold;
                                       asks before, or wants --yes where there is no terminal

STORE_URL (or DATA_DIR) says where; no other variable is read. Stop the service before going down.
`;

/** The arguments ask for what there is not, as other commands say it. */
const WRONG_USE = 2;

/** Ctrl-C under npm comes twice, from the terminal and from npm: that is one person asking once. */
const SAME_SIGNAL_S = 0.25;

/** How long the reader of the log is given for its last lines. */
const LAST_LINES_MS = 1000;

/**
 * The process: arguments, signals, exit codes. Exits with 0 when it drained or only printed, with 2 where the arguments are
 * wrong and nothing was touched, else with 1.
 */
export async function run(args: readonly string[], options: ServiceOptions = {}): Promise<void> {
  outliveBrokenOutput();
  const command = readCommand(args);
  switch (command.name) {
    case 'wrong':
      return refuse(describe(command.why), WRONG_USE);
    case 'help':
      return print(usage);
    case 'migrate-help':
      return print(migrateUsage);
    case 'version':
      return print(`${version}\n`);
    case 'migrate':
      return migrateOnly(command);
    case 'serve':
      return serve(options);
  }
}

async function serve(options: ServiceOptions): Promise<void> {
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

async function migrateOnly(migration: Migration): Promise<void> {
  const { stdin: input, stdout: output } = process;
  const ask = (question: string): Promise<boolean> => askYesOrNo(question, { input, output });
  let migrated: Migrated;
  try {
    migrated = await migrate(migration, {
      say: (line) => print(`${line}\n`),
      ask: input.isTTY && output.isTTY ? ask : null,
    });
  } catch (error) {
    return refuse(reasonOf(error));
  }
  if (migrated === 'declined') refuse('nothing was undone');
  if (migrated === 'refused') {
    refuse('migrate down drops tables with what they hold, and there is no terminal to ask on: add --yes', WRONG_USE);
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

function refuse(why: string, exitCode = 1): never {
  process.stderr.write(`product-update-service: ${why}\n`);
  // oxlint-disable-next-line unicorn/no-process-exit -- a client library that keeps a socket must not keep a refused start alive
  process.exit(exitCode);
}
