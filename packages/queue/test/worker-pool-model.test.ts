import { expect } from 'chai';
import * as fc from 'fast-check';
import { createWorkerPool, type GivenBack } from '@product-updates/queue';
import { createVirtualClock } from '@product-updates/queue/contract';
import type { Item } from './pool.ts';
import { runs } from './scale.ts';

interface Case {
  readonly lanes: number;
  readonly batchMax: number;
  readonly keys: number;
  /** Each submit: after how long, and how many items. */
  readonly submits: readonly { readonly afterMs: number; readonly count: number }[];
  readonly dice: fc.Stream<number>;
}

const anyCase: fc.Arbitrary<Case> = fc.record({
  lanes: fc.constantFrom(1, 3, 5, 8),
  batchMax: fc.constantFrom(1, 2, 3, 7, 500),
  keys: fc.integer({ min: 1, max: 12 }),
  submits: fc.array(fc.record({ afterMs: fc.nat(5), count: fc.integer({ min: 1, max: 20 }) }), {
    maxLength: 15,
    size: 'max',
  }),
  dice: fc.infiniteStream(fc.nat(99)),
});

/** Runs a case to its end under a virtual clock and checks every rule on the way. */
class Trial {
  readonly #case: Case;
  readonly #clock = createVirtualClock();
  readonly #atWork = new Set<string>();
  /** The number of the next item of each key that may be done. */
  readonly #nextDone = new Map<string, number>();
  readonly #submitted = new Map<string, number>();
  #givenBack = 0;
  #busiest = 0;

  constructor(given: Case) {
    this.#case = given;
  }

  async run(): Promise<void> {
    const { lanes, batchMax, submits } = this.#case;
    const errors: unknown[] = [];
    const pool = createWorkerPool<Item>({
      lanes,
      batchMax,
      keyOf: ({ key }) => key,
      clock: this.#clock,
      onError: (error) => errors.push(error),
      work: async (batch) => {
        this.#busiest = Math.max(this.#busiest, pool.busy);
        return this.#work(batch);
      },
    });
    for (const { afterMs, count } of submits) {
      await this.#clock.advance(afterMs);
      pool.submit(Array.from({ length: count }, () => this.#newItem()));
      expect(this.#clock.pending).to.be.at.most(2 * lanes); // a timer a lane, and one that the work itself sets
    }
    const drained = pool.drain();
    await this.#clock.runUntilIdle();
    await drained;
    expect(errors.map(String).filter((error) => error !== 'Error: on purpose')).to.deep.equal([]);
    expect([pool.size, pool.busy, this.#clock.pending]).to.deep.equal([0, 0, 0]);
    expect(this.#nextDone).to.deep.equal(this.#submitted);
    expect(this.#busiest).to.be.at.most(lanes);
  }

  #newItem(): Item {
    const key = `key-${this.#roll() % this.#case.keys}`;
    const n = this.#submitted.get(key) ?? 0;
    this.#submitted.set(key, n + 1);
    if (n === 0) this.#nextDone.set(key, 0);
    return { key, n };
  }

  async #work(batch: readonly Item[]): Promise<readonly GivenBack<Item>[]> {
    const { batchMax } = this.#case;
    const byKey = Map.groupBy(batch, ({ key }) => key);
    expect(byKey.size).to.be.within(1, batchMax);
    expect(batch.length).to.be.at.most(4 * batchMax);
    for (const [key, items] of byKey) {
      expect(this.#atWork.has(key), `two workers on ${key}`).to.equal(false);
      this.#atWork.add(key);
      // In order, and beginning with what was not done yet: nothing lost, doubled or overtaken.
      const next = this.#nextDone.get(key)!;
      expect(items.map(({ n }) => n)).to.deep.equal(items.map((_, i) => next + i));
    }
    await this.#pause();
    for (const key of byKey.keys()) this.#atWork.delete(key);
    if (this.#roll() < 5 && this.#mayFail()) throw new Error('on purpose');
    return [...byKey.values()].flatMap((items) => this.#giveBackSome(items));
  }

  /** A part of the items from some point on, in one piece or two. */
  #giveBackSome(items: readonly Item[]): GivenBack<Item>[] {
    const from = this.#roll() < 40 && this.#mayFail() ? this.#roll() % (items.length + 1) : items.length;
    const { key } = items[0]!;
    this.#nextDone.set(key, this.#nextDone.get(key)! + from);
    if (from === items.length) return [];
    const middle = from + (this.#roll() % (items.length - from + 1));
    return [
      { items: items.slice(from, middle), delayMs: this.#roll() % 20 },
      { items: items.slice(middle), delayMs: this.#roll() % 20 },
    ];
  }

  /** So that every trial ends. */
  #mayFail(): boolean {
    return this.#givenBack++ < 60;
  }

  async #pause(): Promise<void> {
    if (this.#roll() < 50) return;
    await new Promise<void>((resolve) => {
      this.#clock.schedule(this.#roll() % 8, resolve);
    });
  }

  #roll(): number {
    return (this.#case.dice.next() as IteratorYieldResult<number>).value;
  }
}

describe('a worker pool under random schedules', () => {
  it('works every item once, in the order of its key, never two workers on a key', async () => {
    await fc.assert(
      fc.asyncProperty(anyCase, (given) => new Trial(given).run()),
      runs(200, 20_000),
    );
  }).timeout(process.env['LONG'] === undefined ? 10_000 : 600_000);
});
