import { setTimeout as wait } from 'node:timers/promises';
import { codeOf } from '@product-updates/errors';
import { expect } from 'chai';
import { eventually, outcomeOf } from './observe.ts';
import { idsFrom, idsOf, messageOf, type Bytes } from './traffic.ts';

/**
 * Publishers and consumers that go on through faults, as our services do: what is `unavailable` or `full` is tried again,
 * anything else is a failure. It knows what was accepted and what was delivered.
 */
export class Load {
  readonly accepted: Set<string> = new Set();
  readonly delivered: Set<string> = new Set();
  /** Calls that were answered `unavailable`. */
  unavailable = 0;
  readonly #abort = new AbortController();
  readonly #loops: Promise<void>[] = [];
  readonly #failures: unknown[] = [];
  #publishing = true;

  constructor(publishers: readonly Bytes[], consumers: readonly Bytes[]) {
    this.#loops.push(...publishers.map((queue, i) => this.#guarded(this.#publish(queue, `p${i}-`))));
    this.#loops.push(...consumers.map((queue) => this.#guarded(this.#consume(queue))));
  }

  /** Resolves when something that was published after the call has been delivered. */
  async progress(deadlineMs: number): Promise<void> {
    const before = new Set(this.accepted);
    await eventually(deadlineMs, async () => {
      if (this.#failures.length > 0) throw this.#failures[0];
      const fresh = [...this.accepted].filter((id) => !before.has(id) && this.delivered.has(id));
      expect(fresh.length, 'messages published and delivered since').to.be.above(0);
    });
  }

  /** Ends the publishers, waits until everything accepted was delivered, ends the consumers. */
  async finish(deadlineMs: number): Promise<void> {
    this.#publishing = false;
    try {
      await eventually(deadlineMs, async () => {
        const missing = [...this.accepted].filter((id) => !this.delivered.has(id));
        expect(missing.slice(0, 5), `${missing.length} of ${this.accepted.size} are missing`).to.deep.equal([]);
      });
    } finally {
      this.#abort.abort('finished');
      await Promise.all(this.#loops);
    }
    if (this.#failures.length > 0) throw this.#failures[0];
  }

  async #publish(queue: Bytes, prefix: string): Promise<void> {
    for (let batch = 0; this.#publishing; batch++) {
      const ids = idsFrom(`${prefix}${batch}-`, 5);
      const messages = ids.map((id, i) => messageOf(id, `key-${i}`));
      while (this.#publishing && !(await this.#done(queue.publish(messages)))) await wait(5);
      if (this.#publishing) for (const id of ids) this.accepted.add(id);
      await wait(1);
    }
  }

  async #consume(queue: Bytes): Promise<void> {
    const { signal } = this.#abort;
    while (!signal.aborted) {
      const outcome = await outcomeOf(queue.receive(20, { signal }));
      if (!outcome.ok && signal.aborted) return;
      if (!outcome.ok) {
        this.#expectKnown(outcome.error);
        await wait(5);
        continue;
      }
      for (const id of idsOf(outcome.value)) this.delivered.add(id);
      await this.#done(queue.ack(outcome.value)); // what could not be acked comes again
    }
  }

  async #done(call: Promise<void>): Promise<boolean> {
    const outcome = await outcomeOf(call);
    if (!outcome.ok) this.#expectKnown(outcome.error);
    return outcome.ok;
  }

  #expectKnown(error: unknown): void {
    const code = codeOf(error);
    if (code === 'unavailable') this.unavailable++;
    else if (code !== 'full') throw error;
  }

  async #guarded(loop: Promise<void>): Promise<void> {
    const outcome = await outcomeOf(loop);
    if (!outcome.ok) this.#failures.push(outcome.error);
  }
}
