import { join } from 'node:path';
import { lastProductPath } from '../load/cases.ts';
import type { LoadGenerator } from '../load/load.ts';
import { measure, type Duration, type Measurement } from '../http/measure.ts';
import { get, getUntil } from '../process/probe.ts';
import type { RunningServer } from '../process/server.ts';
import { startSubject } from '../subjects/subject.ts';
import { runApart } from './apart.ts';
import { createDataFolder } from './data-folder.ts';

export const sides = ['durable', 'memory'] as const;
export type Side = (typeof sides)[number];

export const durableCases = ['post', 'array'] as const;
export type DurableCase = (typeof durableCases)[number];

/**
 * Arrays come faster than anything that syncs can apply them, until the queue is full: what is accepted from then on is
 * what is applied.
 */
const TOLERATED: Readonly<Record<DurableCase, readonly number[]>> = { post: [], array: [503] };

export interface DurableMeasurement extends Measurement {
  /** Accepted updates that were not applied yet when the load ended. */
  readonly waiting: number;
}

export interface DurableRound {
  readonly post: Readonly<Record<Side, DurableMeasurement>>;
  readonly array: Readonly<Record<Side, DurableMeasurement>>;
  /** The median of one commit after the other, on the same disk and in the same round. */
  readonly commitMs: number;
}

export interface DurableOptions {
  readonly rounds: number;
  readonly source: boolean;
  readonly core: number | null;
  readonly duration: Duration;
  readonly commits: number;
  readonly onRound: (round: number) => void;
}

/** The same server in memory and with a fresh DATA_DIR, by turns. */
export async function runDurableRounds(load: LoadGenerator, options: DurableOptions): Promise<DurableRound[]> {
  const rounds: DurableRound[] = [];
  for (let round = 1; round <= options.rounds; round += 1) {
    options.onRound(round);
    rounds.push(await runRound(load, options, round % 2 === 0 ? sides : sides.toReversed()));
  }
  return rounds;
}

async function runRound(load: LoadGenerator, options: DurableOptions, order: readonly Side[]): Promise<DurableRound> {
  using folder = createDataFolder();
  const commitMs = await runApart('commit-time', { commits: options.commits }, options);
  await using running = new AsyncDisposableStack();
  const servers = {} as Record<Side, RunningServer>;
  for (const side of order) {
    const env: Record<string, string> = side === 'durable' ? { DATA_DIR: join(folder.path, 'data') } : {};
    servers[side] = running.use(await startSubject('service', { ...options, env }));
  }
  const measureCase = async (name: DurableCase): Promise<Record<Side, DurableMeasurement>> => {
    const results = {} as Record<Side, DurableMeasurement>;
    for (const side of order) {
      const server = servers[side];
      const measurement = await measure(load, server, name, options.duration, TOLERATED[name]);
      results[side] = { ...measurement, waiting: await waitingIn(server) };
      await worked(server);
    }
    return results;
  };
  return { array: await measureCase('array'), post: await measureCase('post'), commitMs };
}

async function waitingIn(server: RunningServer): Promise<number> {
  const { body } = await get(server.port, '/queue');
  return (JSON.parse(body) as { depth: number }).depth;
}

/** Whoever is measured next has the machine for itself. */
async function worked(server: RunningServer): Promise<void> {
  await getUntil(server.port, lastProductPath(), 200);
  while ((await waitingIn(server)) > 0) await getUntil(server.port, '/livez', 200);
}
