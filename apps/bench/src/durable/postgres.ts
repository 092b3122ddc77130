import { systemClock } from '@product-updates/queue';
import { openPostgresStore } from '@product-updates/repository-postgres';
import { BATCH_MAX } from '../subjects/service-defaults.ts';
import { applyAll, contest, type Contest, type ContestOptions } from './contest.ts';
import { sideOf, type OpenSide } from './open-side.ts';
import { openBarePostgres } from './postgres-bare.ts';
import { openSchemas, type RowWrites, type Schemas } from './postgres-schema.ts';
import type { ServerJob } from './tasks.ts';
import { createWorkload } from './workload.ts';

export interface PostgresResult extends Contest {
  /** Share of the updates that touched no index, in scattered order as in the contest. */
  readonly hotScattered: number;
  /** The same where a batch updates rows that lie side by side, as an import in the order of the first one does. */
  readonly hotInOrder: number;
}

export async function measurePostgres({ url, ...options }: ContestOptions & ServerJob): Promise<PostgresResult> {
  const server = new URL(url);
  await using schemas = await openSchemas(server);
  const contested = await contestIn(schemas, server, options);
  return {
    ...contested,
    hotScattered: await hotShare(schemas, server, 'scattered', { ...options, order: (pass) => pass }),
    hotInOrder: await hotShare(schemas, server, 'in_order', { ...options, order: (pass) => pass * SAME_ORDER }),
  };
}

async function contestIn(schemas: Schemas, url: URL, options: ContestOptions): Promise<Contest> {
  const bareSchema = await schemas.create('bare');
  await using ours = await openOurs(url, await schemas.create('ours'));
  await using bare = await openBarePostgres(url, bareSchema);
  return await contest({ ours, bare }, options);
}

/** Passes so far apart have the same order. */
const SAME_ORDER = 11;

interface HotOptions extends ContestOptions {
  readonly order: (pass: number) => number;
}

async function hotShare(schemas: Schemas, url: URL, name: string, options: HotOptions): Promise<number> {
  const { products, updatePasses, order } = options;
  const schema = await schemas.create(name);
  const workload = createWorkload({ name, products, batchSize: BATCH_MAX });
  {
    await using side = await openOurs(url, schema);
    for (let pass = 0; pass <= updatePasses; pass += 1) await applyAll(side, workload.pass(order(pass)));
  }
  const { updated, hotUpdated }: RowWrites = await schemas.rowWrites(schema, products * (1 + updatePasses));
  return hotUpdated / updated;
}

async function openOurs(url: URL, schema: string): Promise<OpenSide> {
  const ours = new URL(url);
  ours.searchParams.set('schema', schema);
  return sideOf(await openPostgresStore(ours, { deadLetterMax: 1000, clock: systemClock }));
}
