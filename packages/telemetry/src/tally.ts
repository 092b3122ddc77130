/**
 * Counts by label. Every label of the closed list is there from the start with 0, so that a rate over it is right from
 * the first increment; what is not on the list is counted under `other`, so that no input can grow the metric.
 */
export interface Tally<L extends string> {
  add(label: string, count: number): void;
  entries(): readonly (readonly [L, number])[];
}

export function createTally<L extends string>(labels: readonly L[], other: NoInfer<L>): Tally<L> {
  const counts = new Map<string, number>(labels.map((label) => [label, 0]));
  return {
    add(label, count) {
      const known = counts.has(label) ? label : other;
      counts.set(known, (counts.get(known) ?? 0) + count);
    },
    entries: () => labels.map((label) => [label, counts.get(label) ?? 0] as const),
  };
}

/** A count of one thing. */
export interface Count {
  add(count: number): void;
  total(): number;
}

export function createCount(): Count {
  let sum = 0;
  return {
    add(count) {
      sum += count;
    },
    total: () => sum,
  };
}
