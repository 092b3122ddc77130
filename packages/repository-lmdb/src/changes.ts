import type { Environment } from '@product-updates/lmdb';

/** Work of this much fills a commit. It is done in one turn, for which readers wait: with twice as much their slowest waited half as long again. */
const WEIGHT_MAX = 1000;

/** One change, of a caller who waits for it. */
interface Change<S> {
  /** About how many records it reads and writes. */
  readonly weight: number;
  /** Runs against what is stored and what earlier changes of the same commit have set. What it sets before it throws stays set. */
  readonly run: (state: S) => void;
  readonly resolve: () => void;
  readonly reject: (reason: unknown) => void;
}

/** What a commit starts from and ends in. */
export interface Commitable {
  /** Puts into the environment what was set. */
  put(): void;
  /** What was put is on disk. */
  committed(): void;
  /** It is not there, or may not be. */
  failed(): void;
}

/**
 * Joins the changes that come while a commit is under way into the next one. Each sees what those before it have set, and each
 * fails on its own; when the commit fails, all of it do.
 */
export class Changes<S extends Commitable> {
  readonly #environment: Pick<Environment, 'write'>;
  readonly #begin: () => S;
  readonly #waiting: Change<S>[] = [];
  #running: Promise<void> | undefined;

  /** `begin` answers a state in which nothing is set. */
  constructor(environment: Pick<Environment, 'write'>, begin: () => S) {
    this.#environment = environment;
    this.#begin = begin;
  }

  /** Resolves when it is on disk. */
  add(weight: number, run: (state: S) => void): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ weight, run, resolve, reject });
      this.#running ??= this.#commitAll();
    });
  }

  /** Resolves when nothing waits. */
  async idle(): Promise<void> {
    await this.#running;
  }

  async #commitAll(): Promise<void> {
    while (this.#waiting.length > 0) await this.#commit();
    this.#running = undefined;
  }

  async #commit(): Promise<void> {
    const commit: Commit<S> = { state: this.#begin(), changes: [], weight: 0 };
    try {
      await this.#environment.write(() => {
        while (this.#join(commit)) continue;
        commit.state.put();
      });
      commit.state.committed();
      for (const { resolve } of commit.changes) resolve();
    } catch (error) {
      commit.state.failed();
      for (const { reject } of commit.changes) reject(error);
    }
  }

  /** The first that waits; false where nothing waits, or not for this commit. */
  #join(commit: Commit<S>): boolean {
    const [change] = this.#waiting;
    if (change === undefined) return false;
    if (commit.weight > 0 && commit.weight + change.weight > WEIGHT_MAX) return false;
    this.#waiting.shift();
    commit.weight += change.weight;
    try {
      change.run(commit.state);
      commit.changes.push(change);
    } catch (error) {
      change.reject(error);
    }
    return true;
  }
}

/** A commit, and those who wait for it. */
interface Commit<S> {
  readonly state: S;
  readonly changes: Change<S>[];
  weight: number;
}
