import type { ProductRecord } from '@product-updates/domain';
import { codeOf, type ErrorCode } from '@product-updates/errors';
import type { Clock } from '@product-updates/queue';
import type { ProductWriter } from '@product-updates/repository';
import type { Gate } from './gate.ts';
import type { PipelineObserver } from './observer.ts';
import { createPing, type Ping } from './ping.ts';
import { type Fault, faultOf } from './policy.ts';

/** These were written; `changed` is what the store answered. Fewer than asked for when a probe tried one of them alone. */
export interface Written {
  readonly result: 'written';
  readonly records: readonly ProductRecord[];
  readonly changed: readonly ProductRecord[];
}
/** The store answers pings and would not write these: the fault may be theirs. */
export interface Failed {
  readonly result: 'failed';
  readonly fault: Exclude<Fault, 'outage'>;
  readonly code: ErrorCode | undefined;
  readonly error: unknown;
}
/** The store answers pings but took nothing of these in a probe: try others. */
export interface Held {
  readonly result: 'held';
}
export type Tried = Written | Failed | Held;

/** The writer with the outage in front of it: whoever calls it never sees one, it only takes longer. */
export interface GuardedWriter {
  /** `records` is not empty. Rejects only once the pipeline is stopped. */
  apply(records: readonly ProductRecord[]): Promise<Tried>;
  /** Nothing can be written although the store answers. */
  hold(error: unknown): void;
  /** How many writes the store took so far, or refused as invalid: while this grows, it can be written to. */
  readonly answers: number;
}

export interface GuardedWriterOptions {
  readonly writer: ProductWriter;
  readonly ping: () => Promise<void>;
  readonly gate: Gate;
  readonly clock: Clock;
  readonly observer: Pick<PipelineObserver, 'applied'>;
  readonly stop: AbortSignal;
}

export function createGuardedWriter(options: GuardedWriterOptions): GuardedWriter {
  return new GatedWriter(options);
}

interface Outage {
  readonly result: 'outage';
  readonly error: unknown;
}

/** A write that was rejected, with what the error means as far as the store answers pings. */
type Rejected = Failed | (Omit<Failed, 'fault'> & { readonly fault: 'outage' });

class GatedWriter implements GuardedWriter {
  readonly #options: GuardedWriterOptions;
  readonly #ping: Ping;
  #answers = 0;
  #turn = 0;

  constructor(options: GuardedWriterOptions) {
    this.#options = options;
    this.#ping = createPing(options);
  }

  get answers(): number {
    return this.#answers;
  }

  async apply(records: readonly ProductRecord[]): Promise<Tried> {
    const { gate, stop } = this.#options;
    for (;;) {
      stop.throwIfAborted();
      const probing = !gate.isOpen && (await gate.pass()) === 'probe';
      const tried = await (probing ? this.#probe(records) : this.#attempt(records));
      if (tried !== undefined) return tried;
    }
  }

  hold(error: unknown): void {
    this.#options.gate.shut(error);
  }

  /** `undefined`: it is an outage, wait at the gate. */
  async #attempt(records: readonly ProductRecord[]): Promise<Tried | undefined> {
    const { gate } = this.#options;
    const tried = await this.#write(records);
    if (tried.result === 'written') return tried;
    // What fails while the gate is shut was on its way when the outage began.
    if (!gate.isOpen) return undefined;
    const judged = await this.#judge(tried);
    if (judged.result === 'failed') return judged;
    gate.shut(judged.error);
    return undefined;
  }

  async #probe(records: readonly ProductRecord[]): Promise<Tried | undefined> {
    const { gate } = this.#options;
    const failure = await this.#ping();
    if (failure !== undefined) {
      gate.failed(failure);
      return undefined;
    }
    const tried = await this.#write(records);
    const proof = isBusy(tried) && records.length > 1 ? await this.#writeOne(records) : tried;
    if (proof.result === 'written') {
      gate.open();
      return proof;
    }
    if (isBusy(proof)) {
      gate.failed(proof.error);
      return { result: 'held' };
    }
    const judged = await this.#judge(proof);
    if (judged.result === 'outage') {
      gate.failed(judged.error);
      return undefined;
    }
    gate.open();
    return isBusy(tried) ? tried : judged;
  }

  /** Whether the fault is with the records, or with the store: by what the error means, or since the ping fails too. */
  async #judge(tried: Rejected): Promise<Failed | Outage> {
    if (tried.fault === 'outage') return { result: 'outage', error: tried.error };
    const error = await this.#ping();
    if (error !== undefined) return { result: 'outage', error };
    if (tried.fault === 'invalid') this.#answers += 1;
    return tried;
  }

  /** One product that cannot be written must not keep its neighbours from proving that the store is back. */
  #writeOne(records: readonly ProductRecord[]): Promise<Written | Rejected> {
    this.#turn += 1;
    const at = this.#turn % records.length;
    return this.#write(records.slice(at, at + 1));
  }

  async #write(records: readonly ProductRecord[]): Promise<Written | Rejected> {
    const { writer, clock, observer } = this.#options;
    const startedMs = clock.now();
    let changed: readonly ProductRecord[];
    try {
      changed = await writer.apply(records);
    } catch (error) {
      const code = codeOf(error);
      return { result: 'failed', fault: faultOf(code), code, error };
    }
    this.#answers += 1;
    observer.applied(records.length, Math.max(0, clock.now() - startedMs));
    return { result: 'written', records, changed };
  }
}

function isBusy(tried: Written | Rejected): tried is Failed {
  return tried.result === 'failed' && tried.fault === 'busy';
}
