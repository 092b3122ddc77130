import { codeOf } from '@product-updates/errors';
import { expect } from 'chai';
import * as fc from 'fast-check';
import type { Delivery } from '../src/index.ts';
import { eventually, inTime, outcomeOf } from './observe.ts';
import type { Declared } from './adapter.ts';
import { scaled } from './scale.ts';
import type { QueueTest, Subject } from './subject.ts';
import { idOf, idsOf, messageOf, take, type Bytes } from './traffic.ts';

const CAPACITY = 20;
const KEYS = 3;

const timeoutMs = scaled({ quick: 60_000, long: 1_800_000 });

export const modelled: readonly QueueTest[] = [
  {
    id: 'Q32',
    title: 'does what a pure model does, for any sequence of commands',
    timeoutMs,
    capacity: CAPACITY,
    async run(subject) {
      const queue = await subject.open();
      const enoughAt = performance.now() + timeoutMs / 2;
      let failed = false;
      const agrees = async (commands: readonly Command[]): Promise<void> => {
        if (failed && performance.now() > enoughAt) return; // the shortest failure so far is short enough
        const outcome = await outcomeOf(new Trial(subject, queue).run(commands));
        failed ||= !outcome.ok;
        if (!outcome.ok) throw outcome.error;
      };
      await fc.assert(fc.asyncProperty(commands, agrees), { numRuns: scaled(subject.declared.runs), ...replayed() });
    },
  },
];

type Command =
  | { readonly do: 'publish'; readonly keys: readonly number[] }
  | { readonly do: 'receive'; readonly max: number }
  | { readonly do: 'ack' | 'nack'; readonly picks: readonly number[] }
  | { readonly do: 'receive in vain' };

const picks = fc.array(fc.nat(CAPACITY), { minLength: 1, maxLength: 6 });
const commands: fc.Arbitrary<Command[]> = fc.array(
  fc.oneof(
    {
      weight: 5,
      arbitrary: fc.record({ do: fc.constant('publish' as const), keys: fc.array(fc.nat(KEYS), { maxLength: 8 }) }),
    },
    { weight: 5, arbitrary: fc.record({ do: fc.constant('receive' as const), max: fc.integer({ min: 1, max: 8 }) }) },
    { weight: 5, arbitrary: fc.record({ do: fc.constant('ack' as const), picks }) },
    { weight: 3, arbitrary: fc.record({ do: fc.constant('nack' as const), picks }) },
    { weight: 1, arbitrary: fc.constant<Command>({ do: 'receive in vain' }) },
  ),
  { maxLength: 50, size: 'max' },
);

/** SEED and SEED_PATH, as fast-check prints them after a failure, run that failure again. */
function replayed(): { seed?: number; path?: string } {
  const { SEED, SEED_PATH } = process.env;
  if (SEED === undefined) return {};
  return { seed: Number(SEED), ...(SEED_PATH === undefined ? {} : { path: SEED_PATH }) };
}

/** What the model knows of a message that is not settled. */
interface Known {
  readonly key: string;
  deliveries: number;
}

/** One sequence of commands on a queue that is empty before and after. The model is two sets of messages by id. */
class Trial {
  readonly #queue: Bytes;
  readonly #declared: Declared;
  readonly #waiting = new Map<string, Known>();
  readonly #unacked = new Map<string, Known>();
  /** Everything that was handed out, also what is settled since: acking or nacking that again changes nothing. */
  readonly #deliveries: Delivery<Uint8Array>[] = [];

  constructor({ declared }: Subject, queue: Bytes) {
    this.#declared = declared;
    this.#queue = queue;
  }

  async run(commands: readonly Command[]): Promise<void> {
    try {
      for (const command of commands) {
        await this.#take(command);
        await this.#statsAgree();
      }
    } catch (error) {
      await this.#clear(); // for the next sequence, which looks for a shorter way to the same failure
      throw error;
    }
    await this.#leaveEmpty();
  }

  async #take(command: Command): Promise<void> {
    if (command.do === 'publish') await this.#publish(command.keys.map((key) => `key-${key}`));
    else if (command.do === 'receive') await this.#receive(command.max);
    else if (command.do === 'receive in vain') await this.#receiveInVain();
    else await this.#settle(command.do, command.picks);
  }

  async #publish(keys: readonly string[]): Promise<void> {
    const messages = keys.map((key) => messageOf(`m${published++}`, key));
    const outcome = await outcomeOf(this.#queue.publish(messages));
    const fits = this.#waiting.size + this.#unacked.size + messages.length <= CAPACITY;
    if (outcome.ok) {
      if (this.#declared.exactDepth) expect(fits, 'it fits').to.equal(true);
      for (const { key, body } of messages) this.#waiting.set(new TextDecoder().decode(body), { key, deliveries: 0 });
    } else {
      expect(codeOf(outcome.error), String(outcome.error)).to.equal('full');
      expect(fits, 'it fits').to.equal(false);
    }
  }

  async #receive(max: number): Promise<void> {
    if (this.#waiting.size === 0) return;
    const signal = AbortSignal.timeout(this.#declared.redeliveryMs + 5000);
    const deliveries = await this.#queue.receive(max, { signal });
    expect(deliveries.length).to.be.within(1, max);
    for (const delivery of deliveries) this.#handedOut(delivery);
  }

  #handedOut(delivery: Delivery<Uint8Array>): void {
    const id = idOf(delivery);
    const known = this.#waiting.get(id);
    if (known === undefined) throw new Error(`${id} was delivered and does not wait`);
    if (this.#declared.keepsOrder && known.deliveries === 0) {
      const [oldest] =
        [...this.#waiting].find(([, { key, deliveries }]) => key === known.key && deliveries === 0) ?? [];
      expect(id, `the oldest of ${known.key} that was never delivered`).to.equal(oldest);
    }
    known.deliveries++;
    expect(delivery.key).to.equal(known.key);
    if (this.#declared.keepsAttempts) expect(delivery.attempt).to.equal(known.deliveries);
    expect(delivery.attempt).to.be.within(1, known.deliveries);
    this.#waiting.delete(id);
    this.#unacked.set(id, known);
    this.#deliveries.push(delivery);
  }

  async #receiveInVain(): Promise<void> {
    if (this.#waiting.size > 0) return;
    const abort = new AbortController();
    const received = outcomeOf(this.#queue.receive(3, { signal: abort.signal }));
    abort.abort('in vain');
    expect(await inTime(received, 'an aborted receive')).to.include({ ok: false, error: 'in vain' });
  }

  async #settle(how: 'ack' | 'nack', picks: readonly number[]): Promise<void> {
    const { length } = this.#deliveries;
    if (length === 0) return;
    const picked = picks.map((pick) => this.#deliveries[length - 1 - (pick % length)]!);
    await this.#queue[how](picked);
    for (const delivery of picked) {
      const id = idOf(delivery);
      const known = this.#unacked.get(id);
      if (known === undefined || !this.#isLatest(delivery)) continue;
      this.#unacked.delete(id);
      if (how === 'nack') this.#waiting.set(id, known);
    }
  }

  #isLatest(delivery: Delivery<Uint8Array>): boolean {
    return this.#deliveries.findLast((other) => idOf(other) === idOf(delivery)) === delivery;
  }

  async #statsAgree(): Promise<void> {
    await eventually(this.#declared.exactDepth ? 0 : 5000, async () => {
      const { depth, unacked } = await this.#queue.stats();
      expect({ depth, unacked }).to.deep.equal({
        depth: this.#waiting.size + this.#unacked.size,
        unacked: this.#unacked.size,
      });
    });
  }

  async #clear(): Promise<void> {
    for (let rest: readonly Delivery<Uint8Array>[] = this.#deliveries; rest.length > 0;) {
      await this.#queue.ack(rest);
      const outcome = await outcomeOf(this.#queue.receive(100, { signal: AbortSignal.timeout(50) }));
      rest = outcome.ok ? outcome.value : [];
    }
  }

  async #leaveEmpty(): Promise<void> {
    await this.#queue.ack(this.#deliveries);
    const rest = await take(this.#queue, this.#waiting.size, this.#declared.redeliveryMs + 5000);
    await this.#queue.ack(rest);
    expect(idsOf(rest).toSorted()).to.deep.equal([...this.#waiting.keys()].toSorted());
  }
}

let published = 0;
