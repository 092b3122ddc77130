import { codeOf, describe } from '@product-updates/errors';
import { failure, type Log } from '@product-updates/telemetry';
import { describeConfig, readConfig } from './config.ts';
import { startService, type Service, type ServiceOptions, type Stopped } from './service.ts';
import { version } from './version.ts';

const usage = `product-update-service ${version}

  node main.js            serve, as the environment says
  node main.js --help     print this
  node main.js --version  print the version

Environment (an empty variable counts as not set; names that are not listed are ignored):

${describeConfig()}
`;

/** Ctrl-C under npm comes twice, from the terminal and from npm: that is one person asking once. */
const SAME_SIGNAL_S = 0.25;

/** The process: arguments, signals, exit codes. Exits with 0 when it drained or only printed, else with 1. */
export async function run(args: readonly string[], options: ServiceOptions = {}): Promise<void> {
  const [argument, ...more] = args;
  if (argument === '--help' && more.length === 0) return print(usage);
  if (argument === '--version' && more.length === 0) return print(`${version}\n`);
  if (argument !== undefined) return refuse(`unknown argument "${argument}"; known: --help, --version`);

  let service: Service;
  try {
    service = await startService(readConfig(), options);
  } catch (error) {
    // Without a code it is a bug, and its place is worth more than a short line.
    return refuse(
      codeOf(error) === undefined && error instanceof Error ? (error.stack ?? error.message) : describe(error),
    );
  }
  await serve(service);
}

async function serve(service: Service): Promise<void> {
  const { log } = service;
  let failed = false;
  let askedAtS: number | undefined;

  const onSignal = (signal: string): void => {
    const again = askedAtS !== undefined;
    if (askedAtS !== undefined && process.uptime() - askedAtS < SAME_SIGNAL_S) return;
    askedAtS ??= process.uptime();
    log.info({ signal }, again ? 'asked again to stop: stopping at once' : 'asked to stop');
    stop(service, again);
  };
  for (const signal of ['SIGTERM', 'SIGINT']) process.on(signal, onSignal);

  // After one of these the process may be in any state: what was accepted is still brought home, then it ends.
  const onBug = (what: string) => (error: unknown) => {
    failed = true;
    log.error(failure(error), what);
    stop(service, false);
  };
  process.on('uncaughtException', onBug('an exception that nobody caught: stopping'));
  process.on('unhandledRejection', onBug('a rejection that nobody handled: stopping'));

  try {
    failed = !sayStopped(log, await service.stopped) || failed;
  } catch (error) {
    failed = true;
    log.error(failure(error), 'stopped: it broke down');
  }
  // oxlint-disable-next-line unicorn/no-process-exit -- a store that hangs must not keep a stopped service alive
  process.exit(failed ? 1 : 0);
}

/** How it went is told by `service.stopped`. */
function stop(service: Service, hurry: boolean): void {
  service.stop({ hurry }).catch(() => {});
}

/** Whether all was brought home. */
function sayStopped(log: Log, stopped: Stopped): boolean {
  const { left, where, accepted, settled } = stopped;
  if (left === 0) {
    log.info({ accepted, settled, left }, 'stopped: drained, nothing is left');
    return true;
  }
  log.error(
    { accepted, settled, left, where },
    left === null ? `stopped: ${where}` : `stopped: ${left} updates were left: ${where}`,
  );
  return false;
}

function print(text: string): void {
  process.stdout.write(text);
}

function refuse(why: string): void {
  process.stderr.write(`product-update-service: ${why}\n`);
  process.exitCode = 1;
}
