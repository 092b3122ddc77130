import type { ProductRecord } from '@product-updates/domain';
import { codeOf, type ErrorCode } from '@product-updates/errors';
import type { Clock } from '@product-updates/queue';
import type { ProductWriter } from '@product-updates/repository';
import type { Gate } from './gate.ts';
import type { PipelineObserver } from './observer.ts';

/** These were written; `changed` is what the store answered. Fewer than asked for when a probe tried one of them alone. */
export interface Written {
  readonly result: 'written';
  readonly records: readonly ProductRecord[];
  readonly changed: readonly ProductRecord[];
}
/** The store answers and would not write these: the fault may be theirs. */
export interface Failed {
  readonly result: 'failed';
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
  /** How many writes succeeded so far. */
  readonly writes: number;
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

class GatedWriter implements GuardedWriter {
  readonly #options: GuardedWriterOptions;
  readonly #pingFailure: () => Promise<unknown>;
  #writes = 0;
  #turn = 0;

  constructor(options: GuardedWriterOptions) {
    this.#options = options;
    this.#pingFailure = sharedPing(options.ping);
  }

  get writes(): number {
    return this.#writes;
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
    if (tried.result === 'written' || blamesRecords(tried)) return tried;
    // What fails while the gate is shut was on its way when the outage began.
    if (!gate.isOpen) return undefined;
    if (tried.code === 'unavailable' && (await this.#pingFailure()) === undefined) return tried;
    gate.shut(tried.error);
    return undefined;
  }

  async #probe(records: readonly ProductRecord[]): Promise<Tried | undefined> {
    const { gate } = this.#options;
    const failure = await this.#pingFailure();
    if (failure !== undefined) {
      gate.failed(failure);
      return undefined;
    }
    const tried = await this.#write(records);
    const mayBeOne = tried.result === 'failed' && tried.code === 'unavailable' && records.length > 1;
    const proof = mayBeOne ? await this.#writeOne(records) : tried;
    if (proof.result === 'written' || blamesRecords(proof)) {
      gate.open();
      return proof.result === 'written' ? proof : tried;
    }
    gate.failed(proof.error);
    return proof.code === 'unavailable' ? { result: 'held' } : undefined;
  }

  /** One product that cannot be written must not keep its neighbours from proving that the store is back. */
  #writeOne(records: readonly ProductRecord[]): Promise<Written | Failed> {
    this.#turn += 1;
    const at = this.#turn % records.length;
    return this.#write(records.slice(at, at + 1));
  }

  async #write(records: readonly ProductRecord[]): Promise<Written | Failed> {
    const { writer, clock, observer } = this.#options;
    const startedMs = clock.now();
    let changed: readonly ProductRecord[];
    try {
      changed = await writer.apply(records);
    } catch (error) {
      return { result: 'failed', code: codeOf(error), error };
    }
    this.#writes += 1;
    observer.applied(records.length, Math.max(0, clock.now() - startedMs));
    return { result: 'written', records, changed };
  }
}

/** A right, a table, a bound or a closed store is nobody's fault among the updates; `unavailable` may be, see `ping`. */
function blamesRecords({ code }: Failed): boolean {
  return code === undefined || code === 'invalid' || code === 'undecodable';
}

/** What the ping rejected with, `undefined` when it resolved. Those who ask at the same time share one. */
function sharedPing(ping: () => Promise<void>): () => Promise<unknown> {
  let inFlight: Promise<unknown> | undefined;

  async function ask(): Promise<unknown> {
    try {
      await ping();
      return undefined;
    } catch (error) {
      return error ?? new Error('the ping failed and does not say why');
    } finally {
      inFlight = undefined;
    }
  }
  return () => (inFlight ??= ask());
}
