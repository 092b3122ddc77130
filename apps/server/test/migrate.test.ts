import { startOwnPostgres } from '@product-updates/tooling/own-postgres';
import { expect } from 'chai';
import { readCommand } from '../src/arguments.ts';
import { migrate, type Migrated } from '../src/migrate.ts';
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { startChild } from './child.ts';
import { itUnless, itWithOwnPostgres } from './own.ts';

const hasTerminals = spawnSync('script', ['--version']).status === 0;
const itOnTerminal = hasTerminals ? itWithOwnPostgres : itUnless('no program script to make a terminal with');

interface Asked {
  readonly said: readonly string[];
  readonly migrated: Migrated;
  readonly questions: readonly string[];
}

/** `answer` is what a person at the terminal says; `null`: there is no terminal. */
async function run(environment: Record<string, string>, words: string, answer: boolean | null = null): Promise<Asked> {
  const command = readCommand(['migrate', ...words.split(' ').filter(Boolean)]);
  if (command.name !== 'migrate') throw new Error(words);
  const said: string[] = [];
  const questions: string[] = [];
  const ask = async (question: string): Promise<boolean> => {
    questions.push(question);
    return answer === true;
  };
  const say = (line: string): void => void said.push(line);
  const migrated = await migrate(command, { environment, say, ask: answer === null ? null : ask });
  return { said, migrated, questions };
}

async function saidBy(environment: Record<string, string>, words: string): Promise<readonly string[]> {
  const { said, migrated } = await run(environment, words);
  expect(migrated).to.equal('done');
  return said;
}

describe('migrate', function () {
  this.timeout(60_000);

  it('has nothing to do for a store without migrations, and needs nothing but its URL', async () => {
    for (const [environment, scheme] of [
      [{}, 'memory:'],
      [{ DATA_DIR: '/srv/data', HOST: '0.0.0.0', PORT: 'nonsense' }, 'lmdb:'],
      [{ STORE_URL: 'redis://db' }, 'redis:'],
      [{ STORE_URL: 'constructor:' }, 'constructor:'],
    ] as const) {
      for (const words of ['', 'up', 'down 3']) {
        const [line, ...more] = await saidBy(environment, words);
        expect(line).to.match(new RegExp(`^nothing to do: a store at ${scheme} has no migrations`));
        expect(more).to.deep.equal([]);
      }
    }
  });

  it('refuses arguments that it does not know, and touches nothing to print its help', async () => {
    const unreachable = { STORE_URL: 'postgres://127.0.0.1:1/shop' };
    const { code, stderr } = await startChild(unreachable, { args: ['migrate', 'sideways'] }).ended;
    expect({ code, stderr }).to.deep.equal({
      code: 2,
      stderr: 'product-update-service: unknown arguments "sideways"; known: migrate [up [n] | down [n] [--yes]]\n',
    });
    const help = await startChild(unreachable, { args: ['migrate', 'down', '--help'] }).ended;
    expect(help).to.include({ code: 0, stderr: '' });
    expect(help.stdout).to.include('--yes').and.to.include('STORE_URL');
  });

  it('goes down without a terminal only with --yes, and says so before it looks for a server', async () => {
    const { code, stdout, stderr } = await startChild(
      { STORE_URL: 'postgres://127.0.0.1:1/shop' },
      { args: ['migrate', 'down'] },
    ).ended;
    expect({ code, stdout }).to.deep.equal({ code: 2, stdout: '' });
    expect(stderr).to.match(/^product-update-service: migrate down drops tables .* add --yes\n$/);
  });

  it('says which variable names a server that does not answer', async () => {
    const { code, stdout, stderr } = await startChild(
      { STORE_URL: 'postgres://shop:hunter2@127.0.0.1:1/shop' },
      { args: ['migrate'] },
    ).ended;
    expect({ code, stdout }).to.deep.equal({ code: 1, stdout: '' });
    expect(stderr)
      .to.match(/^product-update-service: STORE_URL: .*\n$/)
      .and.to.include('ECONNREFUSED')
      .and.not.to.include('hunter2');
  });

  itWithOwnPostgres('goes up and down on PostgreSQL, all the way or so many steps', async () => {
    await using server = await startOwnPostgres();
    const environment = { STORE_URL: server.url.href };
    const all = await saidBy(environment, '');
    expect(all).to.have.length.above(1);
    for (const line of all) expect(line).to.match(/^up \d{4}_\w+$/);
    expect(await saidBy(environment, '')).to.deep.equal(['nothing to do: every migration was run']);
    const names = all.map((line) => line.replace('up ', ''));
    expect((await run(environment, 'down')).migrated).to.equal('refused');
    const { migrated, said, questions } = await run(environment, 'down 2', false);
    expect({ migrated, questions }).to.deep.equal({ migrated: 'declined', questions: ['Go on?'] });
    const [head, ...dropped] = said;
    expect(head).to.match(/^in postgres:.* this drops/);
    expect(dropped).to.deep.equal(
      names
        .slice(-2)
        .toReversed()
        .map((name) => `  ${name}`),
    );
    expect((await run(environment, 'down', true)).said.slice(-2)).to.deep.equal([
      `  ${names.at(-1)}`,
      `down ${names.at(-1)}`,
    ]);
    expect(await saidBy(environment, 'up')).to.deep.equal([`up ${names.at(-1)}`]);
    expect(await saidBy(environment, 'down --yes')).to.deep.equal([`down ${names.at(-1)}`]);
    expect(await saidBy(environment, 'down 99 --yes')).to.deep.equal(
      names
        .slice(0, -1)
        .toReversed()
        .map((name) => `down ${name}`),
    );
    expect(await run(environment, 'down', true)).to.deep.include({ said: ['nothing to undo'], questions: [] });
    expect(await saidBy(environment, 'up 1')).to.deep.equal([`up ${names[0]}`]);
    // As `npm run migrate` runs it.
    const { code, stdout, stderr } = await startChild(environment, { args: ['migrate'] }).ended;
    expect({ code, stderr }).to.deep.equal({ code: 0, stderr: '' });
    expect(stdout.trim().split('\n')).to.deep.equal(all.slice(1));
  });

  itOnTerminal('asks on a terminal before it goes down, and leaves all as it is without a yes', async () => {
    await using server = await startOwnPostgres();
    const environment = { STORE_URL: server.url.href };
    const last = (await saidBy(environment, '')).at(-1)?.replace('up ', '');
    for (const [typed, code, end] of [
      ['n', 1, /nothing was undone\s*$/],
      ['y', 0, new RegExp(`down ${last}\\s*$`)],
    ] as const) {
      const { status, stdout } = onTerminal(environment, ['migrate', 'down'], `${typed}\n`);
      expect(stdout).to.include(`  ${last}`).and.to.include('Go on? [y/N]').and.to.match(end);
      expect(status).to.equal(code);
    }
  });
});

/** Runs it on a terminal of its own. */
function onTerminal(environment: Record<string, string>, args: readonly string[], typed: string) {
  const main = join(import.meta.dirname, '../src/main.ts');
  const command = [process.execPath, '--conditions=@product-updates/source', main, ...args].join(' ');
  return spawnSync('script', ['--quiet', '--return', '--command', command, '/dev/null'], {
    env: { PATH: process.env['PATH'] ?? '', ...environment },
    input: typed,
    encoding: 'utf8',
  });
}
