import type { ProductRecord } from '@product-updates/domain';
import { BATCH_MAX, LANES } from '../subjects/service-defaults.ts';
import { createWorkload } from './workload.ts';

/** One way to write products. */
export interface Side {
  /** What writes them and answers how many changed. Only running it is measured. */
  prepare(records: readonly ProductRecord[]): () => Promise<number>;
}

/** What one pass over all products took. */
export interface Pass {
  readonly perSecond: number;
  /** CPU time of this process, without that of a database server, in milliseconds per 1,000 products. */
  readonly cpuMs: number;
}

/** One figure a pass; those of the two sides at the same place were measured one after the other. */
export interface PassRates {
  readonly ours: readonly Pass[];
  readonly bare: readonly Pass[];
}

export interface Contest {
  readonly inserts: PassRates;
  readonly updates: PassRates;
}

export interface ContestOptions {
  readonly rounds: number;
  /** New ones in each round. */
  readonly products: number;
  readonly updatePasses: number;
}

interface Sides {
  readonly ours: Side;
  readonly bare: Side;
}

/** In each round both sides write the same new products and then update them; who begins changes from pass to pass. */
export async function contest(sides: Sides, { rounds, products, updatePasses }: ContestOptions): Promise<Contest> {
  const inserts = { ours: [] as Pass[], bare: [] as Pass[] };
  const updates = { ours: [] as Pass[], bare: [] as Pass[] };
  for (let round = 0; round <= rounds; round += 1) {
    const isWarmup = round === 0;
    const size = isWarmup ? Math.ceil(products / 10) : products;
    const workload = createWorkload({ name: `r${round}`, products: size, batchSize: BATCH_MAX });
    for (let pass = 0; pass <= updatePasses; pass += 1) {
      const batches = workload.pass(pass);
      const order = (round + pass) % 2 === 0 ? (['ours', 'bare'] as const) : (['bare', 'ours'] as const);
      for (const name of order) {
        const result = await applyAll(sides[name], batches);
        if (!isWarmup) (pass === 0 ? inserts : updates)[name].push(result);
      }
    }
  }
  return { inserts, updates };
}

/** As many at once as the pipeline has lanes. Everything must change, or it would be fast for doing nothing. */
export async function applyAll(side: Side, batches: readonly (readonly ProductRecord[])[]): Promise<Pass> {
  const products = batches.reduce((sum, { length }) => sum + length, 0);
  const left = batches.map((batch) => side.prepare(batch)).values();
  globalThis.gc?.();
  let changed = 0;
  const cpu = process.cpuUsage();
  const startedAt = performance.now();
  await Promise.all(
    Array.from({ length: LANES }, async () => {
      for (const write of left) {
        const rows = await write();
        changed += rows;
      }
    }),
  );
  const seconds = (performance.now() - startedAt) / 1000;
  const { user, system } = process.cpuUsage(cpu);
  if (changed !== products) throw new Error(`${changed} of ${products} products changed`);
  return { perSecond: products / seconds, cpuMs: (user + system) / products };
}
