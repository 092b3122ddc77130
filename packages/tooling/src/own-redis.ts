import { mkdtempSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort, type OwnServer, startOwnServer, whyNoProgram } from './own-server.ts';

const PROGRAM = 'redis-server';

/** As `whyNoProgram`. */
export function whyNoOwnRedis(): string | undefined {
  return whyNoProgram(PROGRAM);
}

/**
 * A Redis of the test's own, with an append-only file that is synced before each answer, unless `args` say otherwise (as
 * on the command line of redis-server: `['--maxmemory', '10mb']`; the later one wins).
 */
export async function startOwnRedis({ args = [] }: { readonly args?: readonly string[] } = {}): Promise<OwnServer> {
  const port = await freePort();
  const data = mkdtempSync(join(tmpdir(), 'own-redis-'));
  const usual = ['--bind', '127.0.0.1', '--port', String(port), '--dir', data, '--save', ''];
  return startOwnServer({
    url: new URL(`redis://127.0.0.1:${port}`),
    command: PROGRAM,
    args: [...usual, '--appendonly', 'yes', '--appendfsync', 'always', ...args],
    answers: () => answers(port),
    remove: () => rmSync(data, { recursive: true, force: true }),
  });
}

/** While it loads its file it says so instead; where it wants a password it is up. */
function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host: '127.0.0.1', port, timeout: 1000 });
    const settle = (answered: boolean): void => {
      socket.destroy();
      resolve(answered);
    };
    socket.once('connect', () => socket.write('PING\r\n'));
    socket.once('data', (chunk: Buffer) => settle(/^(\+PONG|-NOAUTH|-DENIED)/.test(chunk.toString())));
    socket.once('error', () => settle(false)).once('timeout', () => settle(false));
    socket.once('end', () => settle(false));
  });
}
