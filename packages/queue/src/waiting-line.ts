/** One who waits. Linked both ways, so that leaving early costs the same wherever it stands. */
interface Waiter<Ask, Answer> {
  readonly ask: Ask;
  /** Until it leaves. */
  settle: Settlers<Answer> | undefined;
  readonly signal: AbortSignal | undefined;
  leave: (() => void) | undefined;
  before: Waiter<Ask, Answer> | undefined;
  after: Waiter<Ask, Answer> | undefined;
}

interface Settlers<Answer> {
  readonly resolve: (answer: Answer) => void;
  readonly reject: (reason: unknown) => void;
}

/**
 * Those who wait for something, first come first served. Each leaves the line exactly once: answered, refused, or
 * because its signal fired; its listener on the signal goes with it.
 */
export class WaitingLine<Ask, Answer> {
  #first: Waiter<Ask, Answer> | undefined;
  #last: Waiter<Ask, Answer> | undefined;

  get isEmpty(): boolean {
    return this.#first === undefined;
  }

  /** What the first in line asks for; only while the line is not empty. */
  get firstAsk(): Ask {
    return (this.#first as Waiter<Ask, Answer>).ask;
  }

  /** Waits at the end of the line. The caller has looked at `signal` already: it has not fired. */
  join(ask: Ask, signal: AbortSignal | undefined): Promise<Answer> {
    return new Promise((resolve, reject) => {
      const waiter: Waiter<Ask, Answer> = {
        ask,
        settle: { resolve, reject },
        signal,
        leave: undefined,
        before: this.#last,
        after: undefined,
      };
      if (this.#last === undefined) this.#first = waiter;
      else this.#last.after = waiter;
      this.#last = waiter;
      if (signal === undefined) return;
      waiter.leave = () => this.#remove(waiter).reject(signal.reason);
      signal.addEventListener('abort', waiter.leave, { once: true });
    });
  }

  /** Lets the first go with its answer; only while the line is not empty. */
  answerFirst(answer: Answer): void {
    this.#remove(this.#first as Waiter<Ask, Answer>).resolve(answer);
  }

  /** Turns the first away; only while the line is not empty. */
  refuseFirst(reason: unknown): void {
    this.#remove(this.#first as Waiter<Ask, Answer>).reject(reason);
  }

  /**
   * A waiter that left holds nothing: old ones outlive a minor collection, and through their neighbours and promises
   * they would keep every later batch alive until the next major one (a third of the CPU time at full load).
   */
  #remove(waiter: Waiter<Ask, Answer>): Settlers<Answer> {
    const { before, after, settle } = waiter;
    if (before === undefined) this.#first = after;
    else before.after = after;
    if (after === undefined) this.#last = before;
    else after.before = before;
    if (waiter.leave !== undefined) waiter.signal?.removeEventListener('abort', waiter.leave);
    waiter.before = waiter.after = waiter.leave = waiter.settle = undefined;
    return settle as Settlers<Answer>;
  }
}
