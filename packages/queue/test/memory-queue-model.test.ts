import { expect } from 'chai';
import * as fc from 'fast-check';
import { createMemoryQueue, noHeaders, type Delivery, type Queue } from '@product-updates/queue';
import { createVirtualClock } from '@product-updates/queue/contract';
import { settled, watch, type Watched } from './outcome.ts';
import { runs } from './scale.ts';

const CAPACITY = 12;

interface Entry {
  readonly body: number;
  readonly attempt: number;
  readonly publishedMs: number;
}

interface Receiver {
  readonly max: number;
  outcome: string;
}

/** The rules of the memory queue, said the slow way. */
class ModelQueue {
  waiting: Entry[] = [];
  unacked: Entry[] = [];
  receivers: Receiver[] = [];
  closed = false;

  publish(bodies: readonly number[], nowMs: number): string {
    if (this.closed) return 'rejected: closed';
    if (this.waiting.length + this.unacked.length + bodies.length > CAPACITY) return 'rejected: full';
    this.waiting.push(...bodies.map((body) => ({ body, attempt: 1, publishedMs: nowMs })));
    this.serve();
    return 'done';
  }

  receive(max: number): Receiver {
    const receiver: Receiver = { max, outcome: 'pending' };
    this.receivers.push(receiver);
    this.serve();
    return receiver;
  }

  abort(receiver: Receiver): void {
    if (receiver.outcome === 'pending') receiver.outcome = 'rejected: aborted';
    this.receivers = this.receivers.filter((other) => other !== receiver);
  }

  ack(names: readonly string[]): void {
    this.unacked = this.unacked.filter((entry) => !names.includes(nameOf(entry)));
    this.serve();
  }

  nack(names: readonly string[]): void {
    const given = new Set(names); // each once, in the order of the call
    const back = [...given].flatMap((name) => this.unacked.filter((entry) => nameOf(entry) === name));
    this.unacked = this.unacked.filter((entry) => !back.includes(entry));
    this.waiting.unshift(...back.map((entry) => ({ ...entry, attempt: entry.attempt + 1 })));
    this.serve();
  }

  close(): void {
    this.closed = true;
    this.serve();
  }

  stats(): object {
    const all = [...this.waiting, ...this.unacked];
    const oldest = all.toSorted((a, b) => a.body - b.body)[0];
    const oldestMs = oldest?.publishedMs ?? null;
    return { depth: all.length, capacity: CAPACITY, unacked: this.unacked.length, oldestMs };
  }

  private serve(): void {
    while (this.receivers.length > 0 && this.waiting.length > 0) {
      const receiver = this.receivers.shift()!;
      const taken = this.waiting.splice(0, receiver.max);
      this.unacked.push(...taken);
      receiver.outcome = JSON.stringify(taken.map(nameOf));
    }
    if (!this.closed || this.waiting.length + this.unacked.length > 0) return;
    for (const receiver of this.receivers) receiver.outcome = '[]';
    this.receivers = [];
  }
}

function nameOf({ body, attempt }: { readonly body: number; readonly attempt: number }): string {
  return `${body}#${attempt}`;
}

type Step =
  | { readonly do: 'publish'; readonly count: number }
  | { readonly do: 'receive'; readonly max: number }
  | { readonly do: 'ack' | 'nack'; readonly picks: readonly number[] }
  | { readonly do: 'abort'; readonly nth: number }
  | { readonly do: 'tick'; readonly ms: number }
  | { readonly do: 'close' };

const picks = fc.array(fc.nat(30), { minLength: 1, maxLength: 5 });
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 6, arbitrary: fc.record({ do: fc.constant('publish' as const), count: fc.nat(5) }) },
  { weight: 6, arbitrary: fc.record({ do: fc.constant('receive' as const), max: fc.integer({ min: 1, max: 6 }) }) },
  { weight: 5, arbitrary: fc.record({ do: fc.constant('ack' as const), picks }) },
  { weight: 4, arbitrary: fc.record({ do: fc.constant('nack' as const), picks }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('abort' as const), nth: fc.nat(20) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('tick' as const), ms: fc.integer({ min: -20, max: 50 }) }) },
  { weight: 1, arbitrary: fc.constant<Step>({ do: 'close' }) },
);

class Trial {
  readonly #clock = createVirtualClock();
  readonly #queue: Queue<number> = createMemoryQueue({ capacity: CAPACITY, clock: this.#clock });
  readonly #model = new ModelQueue();
  /** Everything that was ever handed out: also the stale. */
  readonly #deliveries: Delivery<number>[] = [];
  readonly #receives: { readonly abort: AbortController; readonly real: Watched; readonly model: Receiver }[] = [];
  readonly #publishes: { readonly real: Watched; readonly model: string }[] = [];
  #bodies = 0;

  async run(steps: readonly Step[]): Promise<void> {
    for (const step of steps) {
      this.#take(step);
      const stats = this.#queue.stats();
      expect(await stats).to.deep.equal(this.#model.stats());
      await settled();
    }
    expect(this.#publishes.map(({ real }) => real.outcome)).to.deep.equal(this.#publishes.map(({ model }) => model));
    expect(this.#receives.map(({ real }) => real.outcome)).to.deep.equal(
      this.#receives.map(({ model }) => model.outcome),
    );
  }

  #take(step: Step): void {
    if (step.do === 'publish') this.#publish(step.count);
    else if (step.do === 'receive') this.#receive(step.max);
    else if (step.do === 'ack' || step.do === 'nack') this.#settle(step.do, step.picks);
    else if (step.do === 'tick') this.#clock.step(step.ms);
    else if (step.do === 'close') {
      this.#queue.close();
      this.#model.close();
    } else if (step.do === 'abort' && this.#receives.length > 0) {
      const receive = this.#receives[step.nth % this.#receives.length]!;
      receive.abort.abort('aborted');
      this.#model.abort(receive.model);
    }
  }

  #publish(count: number): void {
    const bodies = Array.from({ length: count }, () => this.#bodies++);
    const published = this.#queue.publish(bodies.map((body) => ({ key: `k${body % 3}`, body, headers: noHeaders })));
    this.#publishes.push({ real: watch(published), model: this.#model.publish(bodies, this.#clock.now()) });
  }

  #receive(max: number): void {
    const abort = new AbortController();
    const named = this.#queue.receive(max, { signal: abort.signal }).then((deliveries) => {
      this.#deliveries.push(...deliveries);
      return deliveries.map(nameOf);
    });
    this.#receives.push({ abort, real: watch(named), model: this.#model.receive(max) });
  }

  #settle(how: 'ack' | 'nack', picks: readonly number[]): void {
    if (this.#deliveries.length === 0) return;
    const picked = picks.map(
      (pick) => this.#deliveries[this.#deliveries.length - 1 - (pick % this.#deliveries.length)]!,
    );
    void this.#queue[how](picked);
    this.#model[how](picked.map(nameOf));
  }
}

describe('the memory queue and its naive model', () => {
  it('agree after every step, on outcomes, order, attempts and stats', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 80, size: 'max' }), (steps) => new Trial().run(steps)),
      runs(500, 50_000),
    );
  }).timeout(process.env['LONG'] === undefined ? 10_000 : 600_000);
});
