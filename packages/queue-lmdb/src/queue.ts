import type { Environment } from '@product-updates/lmdb';
import {
  inPlace,
  WaitingLine,
  wholeNumberFault,
  type Abortable,
  type Clock,
  type Codec,
  type Delivery,
  type Message,
  type Queue,
  type QueueStats,
  type Undecodable,
} from '@product-updates/queue';
import { Backlog } from './backlog.ts';
import { BlockBuffers } from './block-buffers.ts';
import { closedError, fullError } from './errors.ts';
import { HandedOut } from './handed-out.ts';
import { Entry } from './live-block.ts';
import { Publishes } from './publishes.ts';
import { recover, type Recovered, type Tables } from './recovery.ts';
import { Settles } from './settles.ts';

export interface LmdbQueueOptions<T> {
  /** Its own from here on: the queue disposes it. */
  readonly environment: Environment;
  readonly codec: Codec<T>;
  readonly clock: Clock;
  /** A whole number of at least 1; may be less than what is there. */
  readonly capacity: number;
  /** About how many bytes of what waits are kept in memory too; the rest is read from the file when its turn comes. */
  readonly memoryBytes: number;
}

/**
 * The messages of an environment, in order. Depth (waiting, unacked and being published) never grows beyond `capacity`; a
 * publish is taken whole or not at all. Given back, messages stand in front of all that wait, in the order of the call.
 *
 * Publish and ack resolve when they are on disk, and `stats` counts what is on disk; nack takes effect at the call.
 * Disposed, it waits for what is under way and leaves the rest where it is; receivers are refused as `closed`.
 */
export async function createLmdbQueue<T>(options: LmdbQueueOptions<T>): Promise<Queue<T | Undecodable>> {
  const { environment } = options;
  const tables = {
    blocks: environment.numberedTable('blocks'),
    records: environment.numberedTable('records'),
    lives: environment.numberedTable('lives'),
  };
  const handedOut = new HandedOut(environment.folder);
  return new LmdbQueue(options, tables, handedOut, await recover(environment, tables, handedOut.last));
}

const done: Promise<void> = Promise.resolve();

/** Invariant: receivers wait only while no message does. */
class LmdbQueue<T> implements Queue<T | Undecodable> {
  readonly #environment: Environment;
  readonly #clock: Clock;
  readonly #capacity: number;
  readonly #life: number;
  readonly #handedOut: HandedOut;
  readonly #backlog: Backlog<T>;
  readonly #publishes: Publishes<T>;
  readonly #settles: Settles<T>;
  readonly #receivers = new WaitingLine<number, readonly Delivery<T | Undecodable>[]>();
  #closed = false;
  #disposed: Promise<void> | undefined;

  constructor(options: LmdbQueueOptions<T>, tables: Tables, handedOut: HandedOut, { depth, lastKey, life }: Recovered) {
    const { environment, memoryBytes } = options;
    const codec = inPlace(options.codec);
    const { blocks, records } = tables;
    this.#environment = environment;
    this.#clock = options.clock;
    this.#capacity = options.capacity;
    this.#life = life;
    this.#handedOut = handedOut;
    const buffers = new BlockBuffers();
    this.#backlog = new Backlog({ blocks, records, codec, lastKey, depth, memoryBytes, buffers });
    const onCommitted = (): void => this.#serve();
    this.#publishes = new Publishes({
      environment,
      blocks,
      backlog: this.#backlog,
      codec,
      lastKey,
      buffers,
      onCommitted,
    });
    this.#settles = new Settles({ environment, blocks, records, backlog: this.#backlog, onCommitted });
  }

  publish(messages: readonly Message<T | Undecodable>[]): Promise<void> {
    if (this.#closed) return Promise.reject(closedError());
    if (messages.length === 0) return done;
    if (this.#backlog.depth + this.#publishes.underWay + messages.length > this.#capacity) {
      return Promise.reject(fullError(messages.length, this.#capacity));
    }
    try {
      return this.#publishes.publish(messages, this.#clock.now());
    } catch (error) {
      return Promise.reject(error);
    }
  }

  receive(max: number, options?: Abortable): Promise<readonly Delivery<T | Undecodable>[]> {
    const fault = wholeNumberFault('max', max);
    if (fault !== undefined) return Promise.reject(fault);
    const signal = options?.signal;
    if (signal?.aborted === true) return Promise.reject(signal.reason);
    if (this.#isOver) return Promise.resolve([]);
    if (this.#disposed !== undefined) return Promise.reject(closedError());
    if (this.#backlog.waiting === 0) return this.#receivers.join(max, signal);
    try {
      return Promise.resolve(this.#take(max));
    } catch (error) {
      return Promise.reject(error);
    }
  }

  ack(deliveries: readonly Delivery<T | Undecodable>[]): Promise<void> {
    const held: Entry<T>[] = [];
    let acked = false;
    for (const { receipt } of deliveries) {
      if (!this.#isOurs(receipt)) continue;
      if (receipt.state === 'settling') acked = true;
      if (receipt.state !== 'held') continue;
      if (this.#disposed !== undefined) return Promise.reject(closedError());
      receipt.state = 'settling';
      held.push(receipt);
    }
    const settled = held.length === 0 ? done : this.#settles.settle(held);
    return acked ? this.#settles.all() : settled; // what is on its way is not settled yet
  }

  nack(deliveries: readonly Delivery<T | Undecodable>[]): Promise<void> {
    const held = new Set<Entry<T>>();
    for (const { receipt } of deliveries) if (this.#isOurs(receipt) && receipt.state === 'held') held.add(receipt);
    this.#backlog.giveBack([...held]);
    this.#serve();
    return done;
  }

  close(): void {
    this.#closed = true;
    this.#serve();
  }

  stats(): Promise<QueueStats> {
    try {
      return Promise.resolve({
        depth: this.#backlog.depth,
        capacity: this.#capacity,
        unacked: this.#backlog.unacked,
        oldestMs: this.#disposed === undefined ? this.#backlog.oldestMs() : null,
      });
    } catch (error) {
      return Promise.reject(error);
    }
  }

  ping(): Promise<void> {
    return this.#disposed === undefined ? this.#environment.ping() : Promise.reject(closedError());
  }

  [Symbol.asyncDispose](): Promise<void> {
    this.close();
    return (this.#disposed ??= this.#letGo());
  }

  async #letGo(): Promise<void> {
    while (!this.#receivers.isEmpty) this.#receivers.refuseFirst(closedError());
    await this.#publishes.settled();
    await this.#settles.settled();
    this.#handedOut.close();
    await this.#environment[Symbol.asyncDispose]();
  }

  /** Closed, and nothing can come any more. */
  get #isOver(): boolean {
    return this.#closed && this.#backlog.depth === 0 && this.#publishes.underWay === 0;
  }

  #isOurs(receipt: unknown): receipt is Entry<T> {
    return receipt instanceof Entry && receipt.isOf(this.#backlog);
  }

  #serve(): void {
    if (this.#disposed !== undefined) return;
    while (this.#backlog.waiting > 0 && !this.#receivers.isEmpty) {
      try {
        this.#receivers.answerFirst(this.#take(this.#receivers.firstAsk));
      } catch (error) {
        this.#receivers.refuseFirst(error);
      }
    }
    if (this.#isOver) while (!this.#receivers.isEmpty) this.#receivers.answerFirst([]);
  }

  #take(max: number): readonly Delivery<T | Undecodable>[] {
    const before = this.#backlog.reached;
    const taken = this.#backlog.take(max);
    const { reached } = this.#backlog;
    if (reached !== before) this.#handedOut.reach({ life: this.#life, ...reached });
    return taken;
  }
}
