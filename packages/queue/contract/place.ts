import type { OpenedQueue } from '../src/index.ts';
import type { NetworkFaults, ServerFaults, StorageFaults } from './faults.ts';

/** Where the messages of one test live: a folder, a topic, a stream. Empty at first. */
export interface Place {
  /**
   * A queue on the place; called again, a further one, as another server of ours would have. The suite disposes it.
   * A queue that lives in this process answers the same one each time.
   */
  open(): Promise<OpenedQueue<Uint8Array>>;
  /** Called last, after every queue is disposed: removes the messages, ends what the place started. */
  remove(): Promise<void>;
  /** What can be done to the place. Tests that need a fault that is not here must be skipped by name. */
  readonly faults: QueueFaults;
}

/** Only processes that the place itself started are killed, only connections that go through its own proxy are hurt. */
export interface QueueFaults {
  /** Another process of ours that opened the same place; resolves when it has. */
  readonly fork?: () => Promise<ForkedQueue>;
  /** What lies between this process and the server, for every queue that the place opened. See `createTcpProxy`. */
  readonly network?: NetworkFaults;
  readonly server?: ServerFaults;
  readonly storage?: StorageFaults;
  /** Puts bytes into the queue as no producer of ours would: no headers, no key, a body that nobody can decode. */
  readonly stranger?: (body: Uint8Array) => Promise<void>;
  /** Removes the topic, the queue, the stream, while it is open. */
  readonly removeTopology?: () => Promise<void>;
  /** Messages, and entries about them, that the server still keeps for the place. */
  readonly residue?: () => Promise<number>;
  /** Connections, channels and consumers of this place, as the server counts them. */
  readonly held?: () => Promise<number>;
}

/** The other process. It is alive, and holds what it received, until it is killed or stopped. */
export interface ForkedQueue {
  /** Resolves when the publish in the other process did. */
  publish(bodies: readonly { readonly key: string; readonly body: Uint8Array }[]): Promise<void>;
  /** The bodies, in the order received. */
  receive(max: number): Promise<readonly Uint8Array[]>;
  /** Acks some of what it received, by position since it began. */
  ack(positions: readonly number[]): Promise<void>;
  /** SIGKILL; resolves when the process is gone. Calls under way reject. */
  kill(): Promise<void>;
  /** Disposes the queue and ends the process; resolves when it is gone. */
  stop(): Promise<void>;
}
