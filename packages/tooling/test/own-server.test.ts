import { expect } from 'chai';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { startOwnPostgres, whyNoOwnPostgres } from '../src/own-postgres.ts';
import { startOwnRedis, whyNoOwnRedis } from '../src/own-redis.ts';
import { freePort, startOwnServer, whyNoProgram, type OwnServer } from '../src/own-server.ts';

const cases = [
  { name: 'postgres', start: startOwnPostgres, whyNot: whyNoOwnPostgres, hello: sslRequest(), answer: /^[SN]/ },
  { name: 'redis', start: startOwnRedis, whyNot: whyNoOwnRedis, hello: 'PING\r\n', answer: /^\+PONG/ },
] as const;

for (const { name, start, whyNot, hello, answer } of cases) {
  const missing = whyNot();
  const reason = missing === undefined ? '' : ` (${missing})`;
  (missing === undefined ? describe : describe.skip)(`an own ${name}${reason}`, function () {
    this.timeout(60_000);
    let server: OwnServer;
    before(async () => {
      server = await start();
    });
    after(() => server[Symbol.asyncDispose]());

    it('answers at its URL', async () => {
      expect(server.url.port).to.equal(`${server.port}`);
      expect(await ask(server.port, hello)).to.match(answer);
    });

    it('is gone when it is killed, and back when it is started', async () => {
      const pid = server.pid();
      await server.kill();
      await server.kill();
      expect(server.pid()).to.equal(0);
      expect(existsSync(`/proc/${pid}`)).to.equal(false);
      expect(await ask(server.port, hello)).to.equal('ECONNREFUSED');
      await server.start();
      await server.start();
      expect(await ask(server.port, hello)).to.match(answer);
    });

    it('answers nobody while it is paused', async () => {
      server.pause();
      try {
        expect(await ask(server.port, hello, 100)).to.equal('silence');
      } finally {
        server.resume();
      }
      expect(await ask(server.port, hello)).to.match(answer);
    });

    it('can be killed while it is paused', async () => {
      server.pause();
      await server.kill();
      await server.start();
      expect(await ask(server.port, hello)).to.match(answer);
    });
  });
}

/** A server of one line, and one whose child answers in a session of its own, as PostgreSQL's do. */
const answering = `require('node:net').createServer((s) => s.on('error', () => {}).end('here')).listen(process.argv[1], '127.0.0.1')`;
const forking = `
  const { spawn } = require('node:child_process');
  spawn(process.execPath, ['-e', ${JSON.stringify(answering)}, process.argv[1]], { detached: true, stdio: 'ignore' });
  setInterval(() => {}, 1e6);
`;

describe('startOwnServer', function () {
  this.timeout(20_000);
  let data: string;
  beforeEach(() => {
    data = mkdtempSync(join(tmpdir(), 'own-server-'));
  });

  async function start(command: string, args: (port: number) => string[]): Promise<OwnServer> {
    const port = await freePort();
    return startOwnServer({
      url: new URL(`test://127.0.0.1:${port}`),
      command,
      args: args(port),
      answers: async () => (await ask(port, '')) === 'here',
      remove: () => rmSync(data, { recursive: true }),
    });
  }

  /** The kernel may take a moment to close what a dead process listened on. */
  async function untilRefused(port: number): Promise<void> {
    for (;;) {
      const answer = await ask(port, '');
      if (answer === 'ECONNREFUSED') return;
      expect(answer).to.equal('ECONNRESET');
    }
  }

  it('kills and pauses what the server forked too', async () => {
    const server = await start(process.execPath, (port) => ['-e', forking, `${port}`]);
    server.pause();
    expect(await ask(server.port, '', 100)).to.equal('silence');
    server.resume();
    expect(await ask(server.port, '')).to.equal('here');
    await server.kill();
    await untilRefused(server.port);
    await server.start();
    expect(await ask(server.port, '')).to.equal('here');
    await server[Symbol.asyncDispose]();
    await untilRefused(server.port);
    expect(existsSync(data)).to.equal(false);
  });

  it('can be started again when it ended by itself', async () => {
    const server = await start(process.execPath, (port) => ['-e', answering, `${port}`]);
    process.kill(server.pid());
    while (server.pid() !== 0) await wait(5);
    await server.start();
    expect(await ask(server.port, '')).to.equal('here');
    await server[Symbol.asyncDispose]();
  });

  it('rejects with the last words of one that ends instead, and removes its data', async () => {
    const last = `console.error('no such disk'); process.exit(3)`;
    const error = await start(process.execPath, () => ['-e', last]).catch((failure: unknown) => String(failure));
    expect(error).to.match(/it ended with 3\n.*no such disk/s);
    expect(existsSync(data)).to.equal(false);
  });

  it('says how to install a program that is not there', async () => {
    const error = await start('no-such-program', () => []).catch((failure: unknown) => String(failure));
    expect(error).to.match(/no-such-program.* ENOENT: "services up" installs it/s);
    expect(existsSync(data)).to.equal(false);
  });
});

describe('a program for an own server', () => {
  it('is found by its name and by its path', () => {
    expect(whyNoProgram('sh')).to.equal(undefined);
    expect(whyNoProgram(process.execPath)).to.equal(undefined);
  });

  it('that is not there is the reason to skip, and an error where servers are required', () => {
    const asked = process.env['SERVICES'];
    try {
      for (const program of ['no-such-program', '/no/such/program']) {
        delete process.env['SERVICES'];
        expect(whyNoProgram(program))
          .to.match(/^no .*such.program for .*"services up" installs it$/)
          .and.not.match(/[()]/);
        process.env['SERVICES'] = 'required';
        expect(() => whyNoProgram(program)).to.throw(/SERVICES=required, and there is no .*such.program/);
      }
    } finally {
      if (asked === undefined) delete process.env['SERVICES'];
      else process.env['SERVICES'] = asked;
    }
  });
});

/** The first bytes that are answered, or why there are none. */
function ask(port: number, hello: string, withinMs = 5000): Promise<string> {
  return new Promise((resolve) => {
    const socket: Socket = connect({ host: '127.0.0.1', port });
    const late = setTimeout(() => settle('silence'), withinMs);
    function settle(answer: string): void {
      clearTimeout(late);
      socket.destroy();
      resolve(answer);
    }
    socket.once('connect', () => socket.write(hello, 'latin1'));
    socket.once('data', (chunk: Buffer) => settle(chunk.toString('latin1')));
    socket.once('error', ({ code }: NodeJS.ErrnoException) => settle(code ?? 'an error'));
  });
}

/** Answered with S or N, also by a server that is starting up. */
function sslRequest(): string {
  return '\0\0\0\x08\x04\xd2\x16\x2f';
}
