import { CodedError, describe } from '@product-updates/errors';
import type { MigrateOptions } from '@product-updates/repository-postgres';
import { readStoreUrl, type Environment } from './config.ts';
import { naming } from './open.ts';

type Migrate = (url: URL, options: MigrateOptions) => Promise<readonly string[]>;

const postgres = async (): Promise<Migrate> => (await import('@product-updates/repository-postgres')).migratePostgres;

/** By scheme, as in `URL.protocol`. Any other store has no migrations: what it opens it brings up to date itself. */
const migrators: Readonly<Record<string, () => Promise<Migrate>>> = { 'postgres:': postgres, 'postgresql:': postgres };

const usage = 'migrate [up [n] | down [n]]';

/**
 * Runs the migrations of what STORE_URL (or DATA_DIR) names, telling each in a line: all that are missing, or at most n;
 * going down it undoes the last one, or the last n, with what their tables hold. Rejects `misconfigured` where the
 * arguments or the URL cannot be right, and as the adapter does.
 */
export async function migrate(
  args: readonly string[],
  { environment, say }: { readonly environment?: Environment; readonly say: (line: string) => void },
): Promise<void> {
  const { direction, count } = readArguments(args);
  const url = readStoreUrl(environment);
  const load = Object.hasOwn(migrators, url.protocol) ? migrators[url.protocol] : undefined;
  if (load === undefined) {
    say(`nothing to do: a store at ${url.protocol} has no migrations, it is brought up to date when it is opened`);
    return;
  }
  const run = await load();
  const ran = await naming('STORE_URL', run(url, { direction, ...(count !== undefined && { count }), log: () => {} }));
  for (const name of ran) say(`${direction} ${name}`);
  if (ran.length === 0) say(direction === 'up' ? 'nothing to do: every migration was run' : 'nothing to undo');
}

function readArguments(args: readonly string[]): Pick<MigrateOptions, 'direction' | 'count'> {
  const [direction = 'up', count, ...more] = args;
  const isCount = count === undefined || /^[1-9]\d{0,3}$/.test(count);
  if ((direction !== 'up' && direction !== 'down') || !isCount || more.length > 0) {
    throw new CodedError('misconfigured', `unknown arguments "${describe(args.join(' '))}"; known: ${usage}`);
  }
  return { direction, ...(count !== undefined && { count: Number(count) }) };
}
