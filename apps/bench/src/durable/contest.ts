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
  /** What one side writes before it is the other one's turn; a whole pass unless given. */
  readonly productsPerTurn?: number;
}

interface Sides {
  readonly ours: Side;
  readonly bare: Side;
}

/** In each round both sides write the same new products and then update them; who begins changes from turn to turn. */
export async function contest(sides: Sides, options: ContestOptions): Promise<Contest> {
  const { rounds, products, updatePasses, productsPerTurn = products } = options;
  const inserts = { ours: [] as Pass[], bare: [] as Pass[] };
  const updates = { ours: [] as Pass[], bare: [] as Pass[] };
  for (let round = 0; round <= rounds; round += 1) {
    const isWarmup = round === 0;
    const size = isWarmup ? Math.ceil(products / 10) : products;
    const workload = createWorkload({ name: `r${round}`, products: size, batchSize: BATCH_MAX });
    for (let pass = 0; pass <= updatePasses; pass += 1) {
      const results = await passOf(sides, workload.pass(pass), Math.ceil(productsPerTurn / BATCH_MAX), round + pass);
      if (isWarmup) continue;
      for (const name of names) (pass === 0 ? inserts : updates)[name].push(results[name]);
    }
  }
  return { inserts, updates };
}

const names = ['ours', 'bare'] as const;

async function passOf(
  sides: Sides,
  batches: readonly (readonly ProductRecord[])[],
  batchesPerTurn: number,
  first: number,
): Promise<Record<keyof Sides, Pass>> {
  const turns = { ours: [] as Turn[], bare: [] as Turn[] };
  for (let from = 0, turn = first; from < batches.length; from += batchesPerTurn, turn += 1) {
    for (const name of turn % 2 === 0 ? names : names.toReversed()) {
      turns[name].push(await applyAll(sides[name], batches.slice(from, from + batchesPerTurn)));
    }
  }
  return { ours: sumOf(turns.ours), bare: sumOf(turns.bare) };
}

function sumOf(turns: readonly Turn[]): Pass {
  const sum = (of: (turn: Turn) => number): number => turns.reduce((total, turn) => total + of(turn), 0);
  const products = sum((turn) => turn.products);
  return { perSecond: products / sum(({ seconds }) => seconds), cpuMs: sum(({ cpuUs }) => cpuUs) / products };
}

/** What one side did in one turn. */
interface Turn {
  readonly products: number;
  readonly seconds: number;
  readonly cpuUs: number;
}

/** As many at once as the pipeline has lanes. Everything must change, or it would be fast for doing nothing. */
export async function applyAll(side: Side, batches: readonly (readonly ProductRecord[])[]): Promise<Turn> {
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
  return { products, seconds, cpuUs: user + system };
}
