import type { Contestant } from './contestant.ts';

/** Things a second, one figure a round. */
export interface SuiteResult {
  readonly name: string;
  readonly rates: readonly number[];
}

/** All take turns in each round, after rounds that only warm up. Memory is collected before each run, so that nobody pays for another's garbage. */
export async function runSuite(
  contestants: readonly Contestant[],
  rounds: { readonly warmup: number; readonly measured: number },
): Promise<readonly SuiteResult[]> {
  const results = contestants.map(({ name }) => ({ name, rates: [] as number[] }));
  for (let round = -rounds.warmup; round < rounds.measured; round += 1) {
    for (const [index, contestant] of contestants.entries()) {
      const perSecond = await runOnce(contestant);
      if (round >= 0) results[index]?.rates.push(perSecond);
    }
  }
  return results;
}

async function runOnce({ name, items, run }: Contestant): Promise<number> {
  globalThis.gc?.();
  const startedAt = performance.now();
  const arrived = await run();
  const seconds = (performance.now() - startedAt) / 1000;
  if (arrived !== items) throw new Error(`${name}: ${arrived} of ${items} arrived`);
  return items / seconds;
}
