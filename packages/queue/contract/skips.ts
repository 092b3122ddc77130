/** A behaviour that an adapter cannot have or cannot be tested for. */
export interface Skip {
  /** One test (`R10.2`) or all of a requirement (`R10`). */
  readonly test: string;
  /** Why, without brackets: it becomes the last brackets of the skipped test's title, which the summary prints. */
  readonly reason: string;
}

interface Numbered {
  readonly id: string;
}

/** The skip that stands for the test, where one does. */
export function skipOf(test: Numbered, skips: readonly Skip[]): Skip | undefined {
  return skips.find((skip) => isOf(test, skip.test));
}

/** Skips all of them: where the adapter's server does not answer. */
export function skipAll(tests: readonly Numbered[], reason: string): readonly Skip[] {
  return tests.map(({ id }) => ({ test: id, reason }));
}

/** Throws for a skip of what there is not, or without a reason that can stand in a title. */
export function refuseBadSkips(name: string, tests: readonly Numbered[], skips: readonly Skip[]): void {
  for (const { test: id, reason } of skips) {
    if (!tests.some((test) => isOf(test, id))) throw new Error(`${name}: there is no test ${id} to skip`);
    if (!/^[^()]+$/.test(reason)) throw new Error(`${name}: skipping ${id} needs a reason without brackets`);
  }
}

function isOf(test: Numbered, id: string): boolean {
  return test.id === id || test.id.startsWith(`${id}.`);
}
