import { createClient, createCluster, ErrorReply } from '@redis/client';
import type { RedisOptions, Server } from './options.ts';

/** What Redis answers, as RESP 2 has it. */
export type Reply = string | number | null | readonly Reply[];

/** What is used of a client of one server. */
interface SingleClient {
  connect(): Promise<unknown>;
  sendCommand(args: readonly string[]): Promise<unknown>;
  destroy(): void;
  on(event: 'error' | 'connect', listener: (error: unknown) => void): unknown;
}

/** What is used of the client of a cluster, which has a `SingleClient` for each server. */
interface ClusterClient {
  connect(): Promise<unknown>;
  readonly masters: readonly unknown[];
  nodeClient(master: never): Promise<SingleClient>;
  sendCommand(key: string, readonly: boolean, args: readonly string[]): Promise<unknown>;
  destroy(): void;
  on(event: 'error' | 'node-error', listener: (error: unknown) => void): unknown;
}

/** One way to one server or to all of a cluster. */
export interface Wire {
  /** Answers to commands that were sent in one turn travel in one round trip, and come in order for each server. */
  send(key: string, args: readonly string[]): Promise<Reply>;
  /** To every server that has products. */
  sendToAll(args: readonly string[]): Promise<readonly Reply[]>;
}

/** A wire that lives once: broken or destroyed it stays so. */
interface OneWire extends Wire {
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

/** Above it a command is refused instead of kept in memory: ten times what 64 lanes send in batches of 20,000. */
const COMMANDS_MAX = 262_144;
/** Bounds for what the cluster client waits for on its own, outside our calls: it has no time-out for a server that is silent. */
const CLUSTER_PING_MS = 20_000;
const CLUSTER_SILENCE_MS = 60_000;
const NODE_RETRY_MAX_MS = 1000;

/** `onBroken` is told what went wrong when it can no longer be used, also before `connect` has resolved. */
export function createLink(options: RedisOptions, onBroken: (error: unknown) => void): Link {
  const hide = (error: unknown): unknown => withoutPassword(error, options.password);
  const createWire = (): OneWire =>
    options.cluster ? createClusterWire(options) : createSingleWire(options, (error) => onBroken(hide(error)));
  const reads = createWire();
  const writes = createWire();
  return {
    reads,
    writes,
    async connect() {
      try {
        await Promise.all([reads.connect(), writes.connect()]);
      } catch (error) {
        throw hide(error);
      }
    },
    destroy() {
      reads.destroy();
      writes.destroy();
    },
  };
}

/** A server that does not know AUTH repeats what it was told, and the client passes that on. */
function withoutPassword(error: unknown, password: string | undefined): unknown {
  if (password === undefined || !(error instanceof Error) || !error.message.includes(password)) return error;
  return new ErrorReply(error.message.replaceAll(password, '***'));
}

function createSingleWire(options: RedisOptions, onBroken: (error: unknown) => void): OneWire {
  const [server] = options.servers;
  const client: SingleClient = createClient({
    ...shared(options),
    // Never: a connection that failed once is thrown away, so that no late answer can meet another command.
    socket: { ...socketOf(options), ...server, reconnectStrategy: false },
    database: options.database,
  });
  client.on('error', onBroken);
  const send = async (args: readonly string[]): Promise<Reply> => (await client.sendCommand(args)) as Reply;
  return {
    connect: async () => void (await client.connect()),
    send: (_key, args) => send(args),
    sendToAll: async (args) => [await send(args)],
    destroy() {
      // While TCP still connects the client has no socket to destroy, and would keep the one that it gets.
      client.on('connect', () => client.destroy());
      client.destroy();
    },
  };
}

/**
 * The client follows the cluster by itself: it asks again where the slots are when a server says that one has moved, and
 * connects again to a server that went away. Its commands are not repeated for that, other than after a redirection.
 */
function createClusterWire(options: RedisOptions): OneWire {
  const cluster = createCluster({
    rootNodes: options.servers.map((server) => ({ socket: server })),
    RESP: 2,
    commandOptions,
    defaults: {
      ...shared(options),
      socket: {
        ...socketOf(options),
        socketTimeout: CLUSTER_SILENCE_MS,
        reconnectStrategy: (retries) => Math.min(25 * 2 ** retries, NODE_RETRY_MAX_MS) * (0.5 + Math.random() / 2),
      },
      pingInterval: CLUSTER_PING_MS,
    },
  }) as unknown as ClusterClient;
  let last: unknown;
  const keep = (error: unknown): void => {
    last = error;
  };
  cluster.on('error', keep);
  cluster.on('node-error', keep);
  return {
    async connect() {
      try {
        await cluster.connect();
      } catch (error) {
        // It says only that no server could be used; why stood in the event.
        throw last ?? error;
      }
    },
    send: async (key, args) => (await cluster.sendCommand(key, false, args)) as Reply,
    sendToAll: (args) =>
      Promise.all(
        cluster.masters.map(async (master) => {
          const client = await cluster.nodeClient(master as never);
          return (await client.sendCommand(args)) as Reply;
        }),
      ),
    destroy: () => cluster.destroy(),
  };
}

/** None: its default is a timer for each command, which ends only the wait of what was not yet sent. */
const commandOptions = { timeout: 0 };

function shared({ username, password }: RedisOptions): {
  RESP: 2;
  username?: string;
  password?: string;
  disableOfflineQueue: true;
  disableClientInfo: true;
  maintNotifications: 'disabled';
  commandsQueueMaxLength: number;
  commandOptions: { timeout: number };
} {
  return {
    // Nothing of RESP 3 is used, and RESP 2 is understood everywhere.
    RESP: 2,
    ...(username === undefined ? {} : { username }),
    ...(password === undefined ? {} : { password }),
    // While there is no connection a call fails at once: the pipeline is the only one that retries.
    disableOfflineQueue: true,
    disableClientInfo: true,
    maintNotifications: 'disabled',
    commandsQueueMaxLength: COMMANDS_MAX,
    commandOptions,
  };
}

function socketOf({ tls, timeoutMs }: RedisOptions): { connectTimeout: number } & Partial<Server> & object {
  return { connectTimeout: timeoutMs, ...(tls === undefined ? {} : { tls: true, ...tls }) };
}
