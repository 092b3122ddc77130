import { createServerConnection, type Reply } from './client.ts';
import { createClusterWire } from './cluster-wire.ts';
import type { RedisOptions, Server } from './options.ts';

/** One way to one server, or to all of a cluster. */
export interface Wire {
  /** What is sent in one turn travels in one round trip; answers of one server come in order. */
  send(key: string, args: readonly string[]): Promise<Reply>;
  /** To every server that has products. */
  sendToAll(args: readonly string[]): Promise<readonly Reply[]>;
}

/** A wire that lives once: broken or destroyed it stays so. */
export interface OneWire extends Wire {
  connect(): Promise<void>;
  destroy(): void;
}

/** Two wires that live and end together: small reads do not stand behind large batches of writes. */
export interface Link {
  readonly reads: Wire;
  readonly writes: Wire;
  connect(): Promise<void>;
  /** Lets go of the sockets at once; what waits for an answer rejects. Twice is harmless. */
  destroy(): void;
}

export type CreateLink = (onBroken: (error: unknown) => void) => Link;

/**
 * Makes one link after the other; a later one of a cluster also asks the servers that an earlier one found. `onBroken` is
 * told what went wrong when a link can no longer be used, also before `connect` has resolved.
 */
export function createLinks(options: RedisOptions): CreateLink {
  const known: Server[] = [...options.servers];
  return (onBroken) => {
    const createWire = (): OneWire =>
      options.cluster ? createClusterWire(options, known, onBroken) : createSingleWire(options, onBroken);
    const reads = createWire();
    const writes = createWire();
    return {
      reads,
      writes,
      connect: async () => void (await Promise.all([reads.connect(), writes.connect()])),
      destroy() {
        reads.destroy();
        writes.destroy();
      },
    };
  };
}

function createSingleWire(options: RedisOptions, onBroken: (error: unknown) => void): OneWire {
  const server = createServerConnection(options, options.servers[0], onBroken);
  return {
    connect: () => server.connect(),
    send: (_key, args) => server.send(args),
    sendToAll: async (args) => [await server.send(args)],
    destroy: () => server.destroy(),
  };
}
