/** How much a property test does: more when LONG is set. SEED and SEED_PATH replay what fast-check printed. */
export function runs(quick: number, long: number): { numRuns: number; seed?: number; path?: string } {
  const { LONG, SEED, SEED_PATH } = process.env;
  const numRuns = LONG === undefined ? quick : long;
  if (SEED === undefined) return { numRuns };
  return { numRuns, seed: Number(SEED), ...(SEED_PATH === undefined ? {} : { path: SEED_PATH }) };
}
