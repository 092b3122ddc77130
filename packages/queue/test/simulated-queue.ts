import { CodedError } from '@product-updates/errors';
import type { Abortable, Delivery, Message, Queue, QueueStats } from '@product-updates/queue';
import type { Place } from '@product-updates/queue/contract';
import type { Line, SimulatedServer, Stored } from './simulated-server.ts';

export const LARGEST_BODY: number = 256 * 1024;

interface Receipt {
  readonly line: Line;
  readonly seq: number;
  readonly attempt: number;
}

/** The adapter of the simulated server: what a real one does, with the client library left out. */
class SimulatedQueue implements Queue<Uint8Array> {
  readonly #server: SimulatedServer;
  readonly #capacity: number;
  readonly #end = new AbortController();
  #line: Line | undefined;
  #closed = false;

  constructor(server: SimulatedServer, capacity: number) {
    this.#server = server;
    this.#capacity = capacity;
    this.#line = server.connect();
  }

  async publish(messages: readonly Message<Uint8Array>[]): Promise<void> {
    if (this.#closed) throw new CodedError('closed', 'closed');
    if (messages.some(({ body }) => body.length > LARGEST_BODY)) throw new CodedError('invalid', 'too large');
    await this.#request(() => this.#server.publish(messages));
  }

  async receive(max: number, { signal }: Abortable = {}): Promise<readonly Delivery<Uint8Array>[]> {
    if (!Number.isSafeInteger(max) || max < 1) throw new RangeError('max');
    for (;;) {
      if (signal?.aborted === true) throw signal.reason as Error;
      if (this.#end.signal.aborted) return [];
      const line = this.#connected();
      const changed = this.#server.changed();
      const taken = await this.#request(() => this.#server.take(line, max));
      if (taken.length > 0) return this.#handOut(line, taken, signal);
      if (this.#closed && line.held.size === 0 && this.#server.depth === 0) return [];
      await this.#wakeOn(changed, line, signal);
    }
  }

  ack(deliveries: readonly Delivery<Uint8Array>[]): Promise<void> {
    return this.#settle(deliveries, 'ack');
  }

  nack(deliveries: readonly Delivery<Uint8Array>[]): Promise<void> {
    return this.#settle(deliveries, 'nack');
  }

  close(): void {
    this.#closed = true;
  }

  async stats(): Promise<QueueStats> {
    const line = this.#connected();
    return this.#request(() => ({
      depth: this.#server.depth,
      capacity: this.#capacity,
      unacked: line.held.size,
      oldestMs: null,
    }));
  }

  async ping(): Promise<void> {
    await this.#request(() => undefined);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closed = true;
    this.#end.abort();
    if (this.#line !== undefined) this.#server.hangUp(this.#line);
  }

  #connected(): Line {
    if (this.#line === undefined || this.#line.broken) this.#line = this.#server.connect();
    return this.#line;
  }

  async #request<T>(run: () => T): Promise<T> {
    const line = this.#connected();
    try {
      return await this.#server.request(line, run);
    } catch (error) {
      // After silence nobody knows what was done: a new line makes the server give back what it handed out in vain.
      if (error instanceof CodedError && error.code === 'unavailable' && !line.broken) this.#server.hangUp(line);
      throw error;
    }
  }

  /** What arrives when nobody waits any more goes back. */
  async #handOut(
    line: Line,
    taken: readonly Stored[],
    signal: AbortSignal | undefined,
  ): Promise<readonly Delivery<Uint8Array>[]> {
    const deliveries = taken.map(({ key, body, headers, seq, attempt }) => ({
      key,
      body,
      headers,
      attempt,
      receipt: { line, seq, attempt } satisfies Receipt,
    }));
    if (signal?.aborted !== true) return deliveries;
    await this.nack(deliveries);
    throw signal.reason as Error;
  }

  async #settle(deliveries: readonly Delivery<Uint8Array>[], how: 'ack' | 'nack'): Promise<void> {
    const line = this.#connected();
    const mine = deliveries.map(({ receipt }) => receipt as Receipt).filter((receipt) => receipt.line === line);
    await this.#request(() =>
      this.#server.settle(
        line,
        mine.map(({ seq, attempt }) => [seq, attempt] as const),
        how,
      ),
    );
  }

  async #wakeOn(changed: Promise<void>, line: Line, signal: AbortSignal | undefined): Promise<void> {
    if (signal?.aborted === true || this.#end.signal.aborted) return;
    await new Promise<void>((resolve) => {
      void changed.then(resolve);
      signal?.addEventListener('abort', () => resolve(), { once: true });
      this.#end.signal.addEventListener('abort', () => resolve(), { once: true });
    });
    if (line.broken && !this.#end.signal.aborted) throw new CodedError('unavailable', 'connection lost');
  }
}

/** A place of the simulated server, with every fault that the suite asks for. */
export function simulatedPlace(server: SimulatedServer, capacity: number): Place {
  return {
    open: async () => ({
      queue: new SimulatedQueue(server, capacity),
      durability: 'disk',
      description: 'simulated',
    }),
    remove: async () => undefined,
    faults: {
      fork: async () => {
        const queue = new SimulatedQueue(server, capacity);
        const received: Delivery<Uint8Array>[] = [];
        const end = async (): Promise<void> => queue[Symbol.asyncDispose]();
        return {
          publish: (bodies) => queue.publish(bodies.map(({ key, body }) => ({ key, body, headers: {} }))),
          async receive(max) {
            const deliveries = await queue.receive(max);
            received.push(...deliveries);
            return deliveries.map(({ body }) => body);
          },
          ack: (positions) => queue.ack(positions.map((position) => received[position]!)),
          kill: end,
          stop: end,
        };
      },
      network: { cause: async (fault) => server.cause(fault), heal: async () => server.heal() },
      server: {
        kill: async () => server.kill(),
        start: async () => server.start(),
        pause: () => server.pause(),
        resume: () => server.resume(),
      },
      storage: { fill: async () => server.fill(true), free: async () => server.fill(false) },
      stranger: async (body) => server.stranger(body),
      removeTopology: async () => server.forget(),
      residue: async () => server.depth,
      held: async () => server.lines,
    },
  };
}
