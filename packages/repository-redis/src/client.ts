import { isIP } from 'node:net';
import { RedisClient } from '@redis/client';
import type { RedisOptions, Server } from './options.ts';

/** What Redis answers, as RESP 2 has it. */
export type Reply = string | number | null | readonly Reply[];

/** What is used of the client library. */
interface Client {
  connect(): Promise<unknown>;
  sendCommand(args: readonly string[]): Promise<unknown>;
  destroy(): void;
  on(event: 'error' | 'connect', listener: (error: unknown) => void): unknown;
}

/** One connection to one server. It lives once: broken or destroyed it stays so. */
export interface ServerConnection {
  connect(): Promise<void>;
  /** Commands that are sent in one turn travel in one round trip, and are answered in order. */
  send(args: readonly string[]): Promise<Reply>;
  /** Lets go of the socket at once; what waits for an answer rejects. Twice is harmless. */
  destroy(): void;
}

/** Nothing of RESP 3 is used, and RESP 2 is understood everywhere. */
const resp2 = { RESP: 2 } as const;

/**
 * Made once: it builds a class with a method for each of some hundred commands, and `createClient` does so again whenever
 * its options differ from those before, which takes longer than to connect.
 */
const createClient = RedisClient.factory(resp2);

/** Above it a command is refused instead of kept in memory: more than 8 lanes send in batches of 20,000, each of one command. */
const COMMANDS_MAX = 262_144;

/** `onBroken` is told what went wrong when it can no longer be used, also before `connect` has resolved. */
export function createServerConnection(
  options: RedisOptions,
  server: Server,
  onBroken: (error: unknown) => void,
): ServerConnection {
  const { username, password, database, tls, timeoutMs } = options;
  const client: Client = createClient({
    ...resp2,
    ...(username === undefined ? {} : { username }),
    ...(password === undefined ? {} : { password }),
    database,
    socket: {
      ...server,
      ...(tls === undefined ? {} : { tls: true, ...serverNameOf(server), ...tls }),
      connectTimeout: timeoutMs,
      // Never: a connection that failed once is thrown away, so that no late answer can meet another command.
      reconnectStrategy: false,
    },
    // While there is no connection a call fails at once: the pipeline is the only one that retries.
    disableOfflineQueue: true,
    commandsQueueMaxLength: COMMANDS_MAX,
    // None: its default is a timer for each command, which ends only the wait of what was not yet sent.
    commandOptions: { timeout: 0 },
    disableClientInfo: true,
    maintNotifications: 'disabled',
  });
  client.on('error', (error) => onBroken(withoutPassword(error, password)));
  return {
    async connect() {
      try {
        await client.connect();
      } catch (error) {
        throw withoutPassword(error, password);
      }
    },
    send: async (args) => (await client.sendCommand(args)) as Reply,
    destroy() {
      // While TCP still connects the client has no socket to destroy, and would keep the one that it gets.
      client.on('connect', () => client.destroy());
      client.destroy();
    },
  };
}

/** What TLS tells the server before it chooses a certificate (SNI, RFC 6066): the host, which may not be an address. */
function serverNameOf({ host }: Server): { readonly servername?: string } {
  return isIP(host) === 0 ? { servername: host } : {};
}

/** A server that does not know AUTH repeats what it was told, and the client passes that on. */
function withoutPassword(error: unknown, password: string | undefined): unknown {
  if (password !== undefined && error instanceof Error && error.message.includes(password)) {
    error.message = error.message.replaceAll(password, '***');
    error.stack = error.stack?.replaceAll(password, '***') ?? '';
  }
  return error;
}
