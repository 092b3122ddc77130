import {
  createTcpProxy,
  type NetworkFaults,
  type ServerFaults,
  type TcpProxy,
} from '@product-updates/repository/contract';
import { startOwnRedis } from '@product-updates/tooling/own-redis';
import { freePort, type OwnServer } from '@product-updates/tooling/own-server';
import { redisCommand, redisCommands } from './redis-commands.ts';
import { createRoundTripCounter, type RoundTripCounter } from './round-trips.ts';

/** Three servers that share the slots, each behind a proxy whose port it announces, so that clients use the proxies. */
export interface OwnCluster extends AsyncDisposable {
  readonly nodes: readonly ClusterNode[];
  /** With cluster=true and all three as seeds. */
  readonly url: URL;
  /** Of all three at once. */
  readonly network: NetworkFaults;
  readonly servers: ServerFaults;
  /** Sends a command to each of them. */
  each(...command: readonly string[]): Promise<readonly unknown[]>;
  /** Of the server that had most. */
  roundTrips(): number;
  /** Empties all, and counts no more. */
  clear(): Promise<void>;
}

export interface ClusterNode {
  readonly server: OwnServer;
  readonly busPort: number;
  readonly counter: RoundTripCounter;
  readonly proxy: TcpProxy;
}

const SLOTS = 16_384;
const READY_MS = 120_000;

export async function startOwnCluster(): Promise<OwnCluster> {
  const nodes: ClusterNode[] = [];
  for (let i = 0; i < 3; i++) nodes.push(await startNode());
  await Promise.all(nodes.map(announce));
  const [first, ...others] = nodes as [ClusterNode, ...ClusterNode[]];
  for (const [i, { server }] of nodes.entries()) {
    const from = Math.floor((SLOTS * i) / nodes.length);
    const to = Math.floor((SLOTS * (i + 1)) / nodes.length) - 1;
    await redisCommands(
      server.url,
      ['CLUSTER', 'SET-CONFIG-EPOCH', `${i + 1}`],
      ['CLUSTER', 'ADDSLOTSRANGE', `${from}`, `${to}`],
    );
  }
  for (const other of others) await meet(first, other);
  await ready(nodes);

  const all = async (act: (node: ClusterNode) => unknown): Promise<void> => void (await Promise.all(nodes.map(act)));
  const seeds = nodes.map(({ proxy }) => `127.0.0.1:${proxy.port}`);
  return {
    nodes,
    url: new URL(`redis://${seeds[0]}?cluster=true&nodes=${seeds.slice(1).join(',')}`),
    network: {
      cause: (fault) => all(({ proxy }) => proxy.cause(fault)),
      heal: () => all(({ proxy }) => proxy.heal()),
    },
    servers: {
      kill: () => all(({ server }) => server.kill()),
      async start() {
        await all(({ server }) => server.start());
        await all(announce);
        await ready(nodes);
      },
      pause: () => nodes.forEach(({ server }) => server.pause()),
      resume: () => nodes.forEach(({ server }) => server.resume()),
    },
    each: (...command) => Promise.all(nodes.map(({ server }) => redisCommand(server.url, ...command))),
    roundTrips: () => Math.max(...nodes.map(({ counter }) => counter.count())),
    clear: () =>
      all(({ server, counter }) => {
        counter.rest();
        return redisCommand(server.url, 'FLUSHALL');
      }),
    async [Symbol.asyncDispose]() {
      await all(({ proxy }) => proxy[Symbol.asyncDispose]());
      await all(({ counter }) => counter[Symbol.asyncDispose]());
      await all(({ server }) => server[Symbol.asyncDispose]());
    },
  };
}

export async function startNode(): Promise<ClusterNode> {
  const busPort = await freePort();
  const clustered = ['--cluster-enabled', 'yes', '--cluster-node-timeout', '1000', '--cluster-port', `${busPort}`];
  const server = await startOwnRedis({ args: [...clustered, '--appendfsync', 'everysec'] });
  const counter = await createRoundTripCounter(server.port);
  return { server, busPort, counter, proxy: await createTcpProxy({ host: '127.0.0.1', port: counter.port }) };
}

/** Forgotten with every restart, as there is no file that it could be written to. */
export async function announce({ server, busPort, proxy }: ClusterNode): Promise<void> {
  const settings = ['cluster-announce-ip', '127.0.0.1', 'cluster-announce-port', `${proxy.port}`];
  await redisCommand(server.url, 'CONFIG', 'SET', ...settings, 'cluster-announce-bus-port', `${busPort}`);
}

/** Tells a server of the cluster of another one. */
export async function meet(node: ClusterNode, { server, busPort }: ClusterNode): Promise<void> {
  await redisCommand(node.server.url, 'CLUSTER', 'MEET', '127.0.0.1', `${server.port}`, `${busPort}`);
}

/** Until each server knows all of these by what they announce, and serves. */
export async function ready(nodes: readonly ClusterNode[]): Promise<void> {
  const deadline = performance.now() + READY_MS;
  for (const { server } of nodes) {
    for (;;) {
      const [info, slots] = (await redisCommands(server.url, ['CLUSTER', 'INFO'], ['CLUSTER', 'SLOTS'])) as [
        string,
        unknown,
      ];
      const known = JSON.stringify(slots);
      if (info.includes('cluster_state:ok') && nodes.every(({ proxy }) => known.includes(`,${proxy.port},`))) break;
      if (performance.now() > deadline) throw new Error(`the cluster is not ready: ${info} ${known}`);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }
}
