import type { Environment } from '@product-updates/lmdb';

/** Work of this much fills a commit: what is put together in one turn delays every reader. */
const WEIGHT_MAX = 2000;

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
    const joined: Change<S>[] = [];
    const state = this.#begin();
    try {
      await this.#environment.write(() => this.#join(joined, state));
      state.committed();
      for (const { resolve } of joined) resolve();
    } catch (error) {
      state.failed();
      // Where the environment never came to join them, the first ones failed, and the others are tried again.
      const failed = joined.length > 0 ? joined : this.#waiting.splice(0, 1);
      for (const { reject } of failed) reject(error);
    }
  }

  /** Runs late, so that what came until then is in it. */
  #join(joined: Change<S>[], state: S): void {
    let weight = 0;
    let taken = 0;
    for (const change of this.#waiting) {
      if (weight > 0 && weight + change.weight > WEIGHT_MAX) break;
      taken++;
      weight += change.weight;
      try {
        change.run(state);
        joined.push(change);
      } catch (error) {
        change.reject(error);
      }
    }
    this.#waiting.splice(0, taken);
    state.put();
  }
}
