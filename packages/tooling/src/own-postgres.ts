import { execFileSync } from 'node:child_process';
import { chmodSync, existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort, type OwnServer, startOwnServer, whyNoProgram } from './own-server.ts';

const DEBIAN = '/usr/lib/postgresql';

/** As `whyNoProgram`. */
export function whyNoOwnPostgres(): string | undefined {
  return whyNoProgram(join(binaries(), 'postgres'));
}

/**
 * A PostgreSQL of the test's own, with its defaults of durability; superuser `postgres` without a password. `args` are
 * those of `postgres`: `['-c', 'max_connections=10']`.
 */
export async function startOwnPostgres({ args = [] }: { readonly args?: readonly string[] } = {}): Promise<OwnServer> {
  return startOn(args, (data) => ['initdb', '-D', data, ...INITDB_ARGS]);
}

/** A standby of the server, which streams from it; it is promoted by `select pg_promote()`. */
export function startOwnStandby({ url }: OwnServer): Promise<OwnServer> {
  return startOn([], (data) => ['pg_basebackup', '-D', data, '-d', url.href, ...BASEBACKUP_ARGS]);
}

const INITDB_ARGS = ['-U', 'postgres', '-A', 'trust', '--encoding=UTF8', '--locale=C', '--no-sync'];

const BASEBACKUP_ARGS = ['--write-recovery-conf', '--checkpoint=fast', '--no-sync'];

/** `fill` is the command that makes the data. */
async function startOn(args: readonly string[], fill: (data: string) => [string, ...string[]]): Promise<OwnServer> {
  const port = await freePort();
  const data = mkdtempSync(join(tmpdir(), 'own-postgres-'));
  const [program, ...as] = asPostgres(data);
  const run = (name: string, ...more: string[]): [string, ...string[]] =>
    program === undefined ? [join(binaries(), name), ...more] : [program, ...as, join(binaries(), name), ...more];

  const [filler, ...fillArgs] = run(...fill(data));
  execFileSync(filler, fillArgs, { cwd: '/', stdio: ['ignore', 'ignore', 'pipe'] });
  const settings = ['-p', String(port), '-c', 'listen_addresses=127.0.0.1', '-c', 'unix_socket_directories='];
  const [command, ...commandArgs] = run('postgres', '-D', data, ...settings, ...args);
  return startOwnServer({
    url: new URL(`postgres://postgres@127.0.0.1:${port}/postgres`),
    command,
    args: commandArgs,
    answers: () => answers(port),
    // A killed one leaves its lock; the port and the shared memory show that nobody holds it.
    prepare: () => rmSync(join(data, 'postmaster.pid'), { force: true }),
    // Immediate: as a kill, but its shared memory goes with it.
    endSignal: 'SIGQUIT',
    remove: () => rmSync(data, { recursive: true, force: true }),
  });
}

/** PostgreSQL refuses to run as root. */
function asPostgres(data: string): string[] {
  if (process.getuid?.() !== 0) return [];
  execFileSync('chown', ['postgres:', data]);
  chmodSync(data, 0o700);
  return ['setpriv', '--reuid=postgres', '--regid=postgres', '--init-groups'];
}

/** The newest of Debian's, else whatever is on the PATH. */
function binaries(): string {
  const versions = existsSync(DEBIAN) ? readdirSync(DEBIAN) : [];
  const newest = versions.toSorted((a, b) => Number(b) - Number(a))[0];
  return newest === undefined ? '' : join(DEBIAN, newest, 'bin');
}

/** It starts up with "the database system is starting up": only a session that is ready for a query counts. */
function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host: '127.0.0.1', port, timeout: 1000 });
    const settle = (answered: boolean): void => {
      socket.destroy();
      resolve(answered);
    };
    socket.once('connect', () => socket.write(startupMessage()));
    // R with 0: authenticated. Else E: not yet.
    socket.once('data', (chunk: Buffer) => settle(chunk[0] === 0x52));
    socket.once('error', () => settle(false)).once('timeout', () => settle(false));
    socket.once('end', () => settle(false));
  });
}

/** Protocol 3.0 (PostgreSQL manual, "Message Formats", StartupMessage). */
function startupMessage(): Buffer {
  const body = Buffer.from('user\0postgres\0database\0postgres\0\0');
  const head = Buffer.alloc(8);
  head.writeInt32BE(head.length + body.length, 0);
  head.writeInt32BE(196_608, 4);
  return Buffer.concat([head, body]);
}
