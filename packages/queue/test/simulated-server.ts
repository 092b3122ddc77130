import { CodedError } from '@product-updates/errors';
import { noHeaders, type Headers, type Message } from '@product-updates/queue';
import type { NetworkFault } from '@product-updates/queue/contract';

export interface Stored {
  readonly seq: number;
  readonly key: string;
  readonly body: Uint8Array;
  readonly headers: Headers;
  attempt: number;
}

/** One client's line to the server. When it breaks, the server gives back what was held over it. */
export interface Line {
  readonly held: Map<number, Stored>;
  broken: boolean;
  stalled: boolean;
}

/**
 * A broker with a disk and a network, as far as the suite can tell: it is killed and started, stopped, cut off, filled,
 * and forgets its topology, as the tests ask. It exists so that the suite's tests of faults are themselves tested.
 */
export class SimulatedServer {
  readonly timeoutMs = 30;
  readonly #capacity: number;
  readonly #lines = new Set<Line>();
  #waiting: Stored[] = [];
  #seq = 0;
  #up = true;
  #paused = false;
  #full = false;
  #declared = true;
  #fault: NetworkFault | undefined;
  #watchers: (() => void)[] = [];
  /** What was sent over stalled lines. */
  readonly #late: (() => void)[] = [];

  constructor(capacity: number) {
    this.#capacity = capacity;
  }

  // What a client can do.

  connect(): Line {
    if (!this.#up || this.#fault === 'refused') throw unavailable('connection refused');
    const line: Line = { held: new Map(), broken: false, stalled: false };
    this.#lines.add(line);
    return line;
  }

  hangUp(line: Line): void {
    line.broken = true;
    this.#lines.delete(line);
    this.#waiting.unshift(...line.held.values());
    line.held.clear();
    this.#changed();
  }

  /** Carries a request to the server and the answer back, as far as they get. */
  async request<T>(line: Line, run: () => T): Promise<T> {
    if (line.broken || !this.#up || this.#fault === 'refused') throw unavailable('connection reset');
    if (this.#fault === 'black hole' || this.#fault === 'requests lost') return this.#silence();
    if (this.#paused) {
      void this.#whenResumed().then(run); // it is carried out late, for nobody
      return this.#silence();
    }
    if (line.stalled) {
      this.#late.push(run);
      return this.#silence();
    }
    if (this.#fault === 'delayed') await sleep(2);
    const answer = run();
    if (this.#fault === 'answers lost' || this.#fault === 'half closed') return this.#silence();
    if (this.#fault !== 'reset mid-frame') return answer;
    this.hangUp(line);
    throw unavailable('connection reset');
  }

  publish(messages: readonly Message<Uint8Array>[]): void {
    if (!this.#declared) {
      this.#declared = true;
      throw unavailable('no such queue: declared again');
    }
    if (this.#full || this.depth + messages.length > this.#capacity) throw new CodedError('full', 'full');
    this.#waiting.push(...messages.map((message) => ({ ...message, seq: this.#seq++, attempt: 0 })));
    this.#changed();
  }

  take(line: Line, max: number): Stored[] {
    const taken = this.#waiting.splice(0, max);
    for (const stored of taken) {
      stored.attempt++;
      line.held.set(stored.seq, stored);
    }
    return taken;
  }

  settle(line: Line, seqs: readonly (readonly [seq: number, attempt: number])[], how: 'ack' | 'nack'): void {
    const back: Stored[] = [];
    for (const [seq, attempt] of seqs) {
      const stored = line.held.get(seq);
      if (stored?.attempt !== attempt) continue;
      line.held.delete(seq);
      if (how === 'nack') back.push({ ...stored });
    }
    this.#waiting.unshift(...back);
    this.#changed();
  }

  /** Resolves when something happened that a consumer waits for. */
  changed(): Promise<void> {
    return new Promise((resolve) => {
      this.#watchers.push(resolve);
    });
  }

  get depth(): number {
    return [...this.#lines].reduce((sum, { held }) => sum + held.size, this.#waiting.length);
  }

  get lines(): number {
    return this.#lines.size;
  }

  // What a test can do to it.

  kill(): void {
    this.#up = false;
    for (const line of this.#lines) this.hangUp(line);
  }

  start(): void {
    this.#up = true;
  }

  pause(): void {
    this.#paused = true;
  }

  resume(): void {
    this.#paused = false;
    this.#changed();
  }

  fill(full: boolean): void {
    this.#full = full;
  }

  forget(): void {
    this.#waiting = [];
    this.#declared = false;
  }

  stranger(body: Uint8Array): void {
    this.publish([{ key: '', body, headers: noHeaders }]);
  }

  cause(fault: NetworkFault): void {
    this.#arrive();
    this.#fault = fault;
    if (fault === 'stalled') for (const line of this.#lines) line.stalled = true;
    if (fault === 'refused') for (const line of this.#lines) this.hangUp(line);
    this.#changed();
  }

  heal(): void {
    const hurt = this.#fault !== undefined && this.#fault !== 'delayed' && this.#fault !== 'split';
    this.#fault = undefined;
    this.#arrive();
    if (hurt) for (const line of this.#lines) this.hangUp(line);
    this.#changed();
  }

  /** What was stalled comes late, and its answers reach nobody. */
  #arrive(): void {
    for (const line of this.#lines) line.stalled = false;
    for (const run of this.#late.splice(0)) run();
  }

  async #silence(): Promise<never> {
    await sleep(this.timeoutMs);
    throw unavailable('no answer in time');
  }

  async #whenResumed(): Promise<void> {
    while (this.#paused) await this.changed();
  }

  #changed(): void {
    const watchers = this.#watchers;
    this.#watchers = [];
    for (const wake of watchers) wake();
  }
}

function unavailable(why: string): CodedError {
  return new CodedError('unavailable', why);
}

async function sleep(ms: number): Promise<void> {
  await new Promise<void>((resolve) => {
    setTimeout(resolve, ms);
  });
}
