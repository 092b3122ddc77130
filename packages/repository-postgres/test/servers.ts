import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { liveService } from '@product-updates/tooling/live-service';
import { startOwnPostgres, startOwnStandby, whyNoOwnPostgres } from '@product-updates/tooling/own-postgres';
import pg from 'pg';

const found = await liveService('postgres');

/** Why tests of the server that all share cannot run. */
export const missing: string | undefined = 'missing' in found ? found.missing : undefined;
/** Why tests cannot have a server of their own. */
export const missingOwn: string | undefined = whyNoOwnPostgres();

/** A suite that is skipped for that reason. */
export function describeUnless(reason: string | undefined, title: string, suite: (this: Mocha.Suite) => void): void {
  if (reason === undefined) describe(title, suite);
  else describe.skip(`${title} (${reason})`, suite);
}

/** The server that all tests share. Nobody may kill it. */
export function liveUrl(): URL {
  if ('missing' in found) throw new Error(found.missing);
  return new URL(found.url);
}

export type OwnPostgres = Awaited<ReturnType<typeof startOwnPostgres>>;
let own: Promise<OwnPostgres> | undefined;
let accessFolder = '';

/** A server of this test run, started when it is first asked for. The role `locked` needs its password there. */
export function ownPostgres(): Promise<OwnPostgres> {
  own ??= startLocked();
  return own;
}

async function startLocked(): Promise<OwnPostgres> {
  accessFolder = mkdtempSync(join(tmpdir(), 'pg-access-'));
  chmodSync(accessFolder, 0o755);
  const rules = join(accessFolder, 'pg_hba.conf');
  writeFileSync(
    rules,
    'host all locked all scram-sha-256\nhost all all all trust\nhost replication all 127.0.0.1/32 trust\n',
  );
  return startOwnPostgres({ args: ['-c', `hba_file=${rules}`] });
}

let standby: Promise<OwnPostgres> | undefined;

/** A standby of `ownPostgres`, started when it is first asked for. Nobody may promote it. */
export function ownStandby(): Promise<OwnPostgres> {
  standby ??= ownPostgres().then(startOwnStandby);
  return standby;
}

after(async function () {
  this.timeout(30_000);
  await (await standby)?.[Symbol.asyncDispose]();
  if (own === undefined) return;
  await (await own)[Symbol.asyncDispose]();
  rmSync(accessFolder, { recursive: true, force: true });
});

/** The rows of a statement, as an administrator. */
export async function ask(url: URL, text: string, values: unknown[] = []): Promise<Record<string, unknown>[]> {
  const client = new pg.Client({ connectionString: bare(url).href });
  await client.connect();
  try {
    const { rows } = await client.query<Record<string, unknown>>(text, values);
    return rows;
  } finally {
    await client.end();
  }
}

/** Without the options. */
export function bare(url: URL): URL {
  const without = new URL(url);
  without.search = '';
  return without;
}

let schemas = 0;

/** A schema that no other test, and no other run of the tests, uses. */
export function newSchema(): string {
  return `test_${process.pid}_${Math.random().toString(36).slice(2, 8)}_${schemas++}`;
}

export function withOptions(url: URL, options: Readonly<Record<string, string | number>>): URL {
  const changed = new URL(url);
  for (const [name, value] of Object.entries(options)) changed.searchParams.set(name, String(value));
  return changed;
}

/** Runs a test in a schema of its own, dropped afterwards. */
export async function inSchema(server: URL, run: (url: URL, schema: string) => Promise<void>): Promise<void> {
  const schema = newSchema();
  try {
    await run(withOptions(server, { schema }), schema);
  } finally {
    await ask(server, `drop schema if exists ${schema} cascade`);
  }
}
