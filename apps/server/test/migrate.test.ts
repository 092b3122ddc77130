import { codeOf, describe as describeError } from '@product-updates/errors';
import { startOwnPostgres } from '@product-updates/tooling/own-postgres';
import { expect } from 'chai';
import { migrate } from '../src/migrate.ts';
import { startChild } from './child.ts';
import { itWith } from './live.ts';

const itWithPostgres = await itWith('postgres');

async function saidBy(environment: Record<string, string>, ...args: string[]): Promise<readonly string[]> {
  const said: string[] = [];
  await migrate(args, { environment, say: (line) => said.push(line) });
  return said;
}

async function refusalOf(environment: Record<string, string>, ...args: string[]): Promise<string> {
  const error: unknown = await saidBy(environment, ...args).catch((reason: unknown) => reason);
  expect(codeOf(error)).to.be.oneOf(['misconfigured', 'unavailable']);
  return describeError(error);
}

describe('migrate', () => {
  it('has nothing to do for a store without migrations, and needs nothing but its URL', async () => {
    for (const [environment, scheme] of [
      [{}, 'memory:'],
      [{ DATA_DIR: '/srv/data', HOST: '0.0.0.0', PORT: 'nonsense' }, 'lmdb:'],
      [{ STORE_URL: 'redis://db' }, 'redis:'],
      [{ STORE_URL: 'constructor:' }, 'constructor:'],
    ] as const) {
      for (const args of [[], ['up'], ['down', '3']]) {
        const [line, ...more] = await saidBy(environment, ...args);
        expect(line).to.match(new RegExp(`^nothing to do: a store at ${scheme} has no migrations`));
        expect(more).to.deep.equal([]);
      }
    }
  });

  it('refuses arguments that it does not know', async () => {
    for (const args of [['sideways'], ['up', '0'], ['down', '-1'], ['up', '1', '2'], ['3']]) {
      expect(await refusalOf({}, ...args)).to.equal(
        `unknown arguments "${args.join(' ')}"; known: migrate [up [n] | down [n]]`,
      );
    }
    const { code, stderr } = await startChild({}, { args: ['migrate', 'sideways'] }).ended;
    expect({ code, stderr }).to.deep.equal({
      code: 1,
      stderr: 'product-update-service: unknown arguments "sideways"; known: migrate [up [n] | down [n]]\n',
    });
  });

  it('says which variable names a server that does not answer', async () => {
    const refusal = await refusalOf({ STORE_URL: 'postgres://shop:hunter2@127.0.0.1:1/shop' });
    expect(refusal)
      .to.match(/^STORE_URL: /)
      .and.to.include('ECONNREFUSED');
    expect(refusal).not.to.include('hunter2');
  });

  itWithPostgres('goes up and down on PostgreSQL, all the way or so many steps', async function () {
    this.timeout(60_000);
    await using server = await startOwnPostgres();
    const environment = { STORE_URL: server.url.href };
    const all = await saidBy(environment);
    expect(all).to.have.length.above(1);
    for (const line of all) expect(line).to.match(/^up \d{4}_\w+$/);
    expect(await saidBy(environment)).to.deep.equal(['nothing to do: every migration was run']);
    const names = all.map((line) => line.replace('up ', ''));
    expect(await saidBy(environment, 'down')).to.deep.equal([`down ${names.at(-1)}`]);
    expect(await saidBy(environment, 'down', '99')).to.deep.equal(
      names
        .slice(0, -1)
        .toReversed()
        .map((name) => `down ${name}`),
    );
    expect(await saidBy(environment, 'down')).to.deep.equal(['nothing to undo']);
    expect(await saidBy(environment, 'up', '1')).to.deep.equal([`up ${names[0]}`]);
    // As `npm run migrate` runs it.
    const { code, stdout, stderr } = await startChild(environment, { args: ['migrate'] }).ended;
    expect({ code, stderr }).to.deep.equal({ code: 0, stderr: '' });
    expect(stdout.trim().split('\n')).to.deep.equal(all.slice(1));
  });
});
