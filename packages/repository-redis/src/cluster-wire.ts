import { ClientClosedError, ErrorReply } from '@redis/client';
import { CodedError } from '@product-updates/errors';
import { createServerConnection, type Reply, type ServerConnection } from './client.ts';
import { slotOf, SLOTS } from './key-slot.ts';
import type { OneWire } from './link.ts';
import { addressOf, parseAddress, type RedisOptions, type Server } from './options.ts';

/** How often one command follows a slot that has moved. */
const REDIRECTIONS_MAX = 5;
/** Servers that are asked where the slots are: one that is silent must not use up the time. */
const ASKED_AT_ONCE = 3;

/**
 * The library's own cluster client is not used: it did not follow a failover where something accepts connections in front
 * of the lost server, and given up while it asks for the slots it connects to all servers afterwards (both seen with 6.3.1).
 *
 * Here a cluster is used whole or not at all: when a connection breaks the wire is broken, and the next one asks any server
 * that was ever `known` where the slots are now. A slot that moves is followed.
 */
export function createClusterWire(options: RedisOptions, known: Server[], onBroken: (error: unknown) => void): OneWire {
  return new ClusterWire(options, known, onBroken);
}

class ClusterWire implements OneWire {
  readonly #options: RedisOptions;
  readonly #known: Server[];
  readonly #onBroken: (error: unknown) => void;
  /** By address. */
  readonly #servers = new Map<string, { readonly connection: ServerConnection; readonly connected: Promise<void> }>();
  /** By slot. */
  readonly #owners: ServerConnection[] = [];
  #masters: readonly ServerConnection[] = [];
  /** Those that only say where the slots are: one of them may be away, and no harm done. */
  #askers: readonly ServerConnection[] = [];
  #destroyed = false;

  constructor(options: RedisOptions, known: Server[], onBroken: (error: unknown) => void) {
    this.#options = options;
    this.#known = known;
    this.#onBroken = onBroken;
  }

  async connect(): Promise<void> {
    const ranges = await this.#askForSlots();
    const connections = await Promise.all(ranges.map(({ master }) => this.#connectionTo(master)));
    this.#owners.length = SLOTS;
    for (const [i, { from, to, master }] of ranges.entries()) {
      this.#owners.fill(connections[i] as ServerConnection, from, to + 1);
      if (!this.#known.some((server) => addressOf(server) === addressOf(master))) this.#known.push(master);
    }
    this.#masters = [...new Set(connections)];
  }

  async send(key: string, args: readonly string[]): Promise<Reply> {
    const slot = slotOf(key);
    const owner = this.#owners[slot];
    if (owner === undefined) throw new CodedError('unavailable', `no server of the cluster has slot ${slot}`);
    try {
      return await owner.send(args);
    } catch (error) {
      return this.#follow(slot, args, error, 1);
    }
  }

  sendToAll(args: readonly string[]): Promise<readonly Reply[]> {
    return Promise.all(this.#masters.map((master) => master.send(args)));
  }

  destroy(): void {
    this.#destroyed = true;
    for (const asker of this.#askers) asker.destroy();
    for (const { connection } of this.#servers.values()) connection.destroy();
  }

  /** Asks where the error sends us: for good (MOVED), or for this command only (ASK). */
  async #follow(slot: number, args: readonly string[], error: unknown, hops: number): Promise<Reply> {
    const [kind, , address] = error instanceof ErrorReply ? error.message.split(' ') : [];
    const server = parseAddress(address ?? '');
    if ((kind !== 'MOVED' && kind !== 'ASK') || server === undefined || hops > REDIRECTIONS_MAX) throw error;
    const connection = await this.#connectionTo(server);
    if (kind === 'MOVED') this.#owners[slot] = connection;
    try {
      const asking = kind === 'ASK' ? connection.send(['ASKING']) : undefined;
      const [, reply] = await Promise.all([asking, connection.send(args)]);
      return reply;
    } catch (next) {
      return this.#follow(slot, args, next, hops + 1);
    }
  }

  /** Made where there is none yet. */
  async #connectionTo(server: Server): Promise<ServerConnection> {
    const address = addressOf(server);
    const there = this.#servers.get(address) ?? this.#connect(address, server);
    await there.connected;
    return there.connection;
  }

  #connect(
    address: string,
    server: Server,
  ): { readonly connection: ServerConnection; readonly connected: Promise<void> } {
    if (this.#destroyed) throw new ClientClosedError();
    const connection = createServerConnection(this.#options, server, this.#onBroken);
    const made = { connection, connected: connection.connect() };
    this.#servers.set(address, made);
    return made;
  }

  /** From the first that answers of some that are asked at once; rejects with what one of them said. */
  async #askForSlots(): Promise<readonly SlotRange[]> {
    const asked = this.#destroyed ? [] : someOf(this.#known, ASKED_AT_ONCE);
    this.#askers = asked.map((server) => createServerConnection(this.#options, server, () => {}));
    try {
      return await Promise.any(
        this.#askers.map(async (asker, i) => {
          await asker.connect();
          return readSlots(await asker.send(['CLUSTER', 'SLOTS']), asked[i] as Server);
        }),
      );
    } catch (error) {
      throw (error as AggregateError).errors[0] ?? new ClientClosedError();
    } finally {
      for (const asker of this.#askers) asker.destroy();
    }
  }
}

interface SlotRange {
  readonly from: number;
  readonly to: number;
  readonly master: Server;
}

/** Some of them, another choice each time. */
function someOf<T>(items: readonly T[], count: number): readonly T[] {
  const start = Math.floor(Math.random() * items.length);
  return [...items.slice(start), ...items.slice(0, start)].slice(0, count);
}

/** from, to, then host and port of the master and more (CLUSTER SLOTS). A host that is not told is the one that was asked. */
function readSlots(reply: Reply, asked: Server): SlotRange[] {
  return (reply as readonly [number, number, readonly [string | null, number]][]).map(([from, to, [host, port]]) => {
    return { from, to, master: { host: host === null || host === '' || host === '?' ? asked.host : host, port } };
  });
}
