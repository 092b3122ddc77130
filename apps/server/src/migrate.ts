import { redact } from '@product-updates/errors';
import type { MigrateOptions } from '@product-updates/repository-postgres';
import type { Migration } from './arguments.ts';
import { readStoreUrl, type Environment } from './config.ts';
import { naming } from './open.ts';

type Migrate = (url: URL, options: MigrateOptions) => Promise<readonly string[]>;

const postgres = async (): Promise<Migrate> => (await import('@product-updates/repository-postgres')).migratePostgres;

/** By scheme, as in `URL.protocol`. Any other store has no migrations: what it opens it brings up to date itself. */
const migrators: Readonly<Record<string, () => Promise<Migrate>>> = { 'postgres:': postgres, 'postgresql:': postgres };

export interface MigrateContext {
  readonly environment?: Environment;
  /** Takes what was done, in lines. */
  readonly say: (line: string) => void;
  /** Asks whether to go on; `null`: there is nobody to ask. */
  readonly ask: ((question: string) => Promise<boolean>) | null;
}

/** How a migration ended: `refused` where nobody could be asked. */
export type Migrated = 'done' | 'declined' | 'refused';

/**
 * Runs the migrations of what STORE_URL (or DATA_DIR) names, telling each in a line: all that are missing, or at most n;
 * going down it undoes the last one, or the last n, with what their tables hold, and asks before. Rejects `misconfigured`
 * where the URL cannot be right, and as the adapter does.
 */
export async function migrate(
  { direction, count, yes }: Omit<Migration, 'name'>,
  context: MigrateContext,
): Promise<Migrated> {
  const { environment: given, say, ask } = context;
  const { storeUrl: url, environment } = readStoreUrl(given);
  const load = Object.hasOwn(migrators, url.protocol) ? migrators[url.protocol] : undefined;
  if (load === undefined) {
    say(`nothing to do: a store at ${url.protocol} has no migrations, it is brought up to date when it is opened`);
    return 'done';
  }
  if (direction === 'down' && !yes && ask === null) return 'refused';
  let declined = false;
  const confirm = async (names: readonly string[]): Promise<boolean> => {
    if (yes || ask === null) return true;
    say(`in ${redact(url.href)} this drops, with all that their tables hold:`);
    for (const name of names) say(`  ${name}`);
    declined = !(await ask('Go on?'));
    return !declined;
  };
  const run = await load();
  const options = { direction, confirm, ...(count !== undefined && { count }), log: () => {}, environment };
  const ran = await naming('STORE_URL', run(url, options));
  if (declined) return 'declined';
  for (const name of ran) say(`${direction} ${name}`);
  if (ran.length === 0) say(direction === 'up' ? 'nothing to do: every migration was run' : 'nothing to undo');
  return 'done';
}
