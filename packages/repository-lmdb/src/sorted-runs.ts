/**
 * Sorts what comes in many small parts, without one long pause at the end, into a few runs: each part is sorted when it comes, and
 * is merged with the run before while that is no longer. So every text is merged about log n times, and each run is longer than the
 * next. By UTF-16 units, as `sort` has it.
 */
export class SortedRuns {
  readonly #runs: string[][] = [];
  #size = 0;

  get size(): number {
    return this.#size;
  }

  add(texts: readonly string[]): void {
    this.#size += texts.length;
    let run = texts.toSorted();
    for (let last = this.#runs.at(-1); last !== undefined && last.length <= run.length; last = this.#runs.at(-1)) {
      this.#runs.pop();
      run = merged(last, run);
    }
    if (run.length > 0) this.#runs.push(run);
  }

  /** One run after the other, the longest first. */
  all(): readonly string[] {
    return this.#runs.flat();
  }
}

/** V8's sort (TimSort) finds the two runs and merges them. */
function merged(a: readonly string[], b: readonly string[]): string[] {
  return a.concat(b).sort();
}
