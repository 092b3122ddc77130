import { lastProductPath, type CaseName } from '../load/cases.ts';
import type { LoadGenerator } from '../load/load.ts';
import { getUntil } from '../process/probe.ts';
import type { Contestant, Measured } from './contestants.ts';
import { measureLatency, type Latency } from './latency.ts';
import { measure, type Duration, type Measurement } from './measure.ts';

export type HttpCase = Exclude<CaseName, 'mix'>;
export const httpCases: readonly HttpCase[] = ['post', 'get', 'array'];

/** The measurements of one contestant, each with one entry a round. What a foreign server cannot do has none. */
export interface Rounds {
  readonly name: string;
  readonly cases: Readonly<Record<HttpCase, readonly Measurement[]>>;
  readonly latencies: readonly Latency[];
}

export interface RoundsOptions {
  readonly contestants: readonly Contestant[];
  readonly rounds: number;
  readonly duration: Duration;
  /** How many updates are followed one after the other, for the latency. */
  readonly followed: number;
  readonly onRound: (round: number) => void;
  /** What a foreign server could not do. */
  readonly onLeftOut: (what: string) => void;
}

interface Growing {
  readonly name: string;
  readonly cases: Record<HttpCase, Measurement[]>;
  readonly latencies: Latency[];
}

/**
 * The contestants take turns within a round, so that a machine that is slow for a while is slow for all of them. Each round
 * has fresh processes: how well one of them happened to be compiled must not decide the figures.
 */
export async function runRounds(load: LoadGenerator, options: RoundsOptions): Promise<readonly Rounds[]> {
  const results = options.contestants.map(({ name }): Growing => {
    return { name, cases: { post: [], get: [], array: [] }, latencies: [] };
  });
  for (let round = 1; round <= options.rounds; round += 1) {
    options.onRound(round);
    await runRound(load, options, results);
  }
  return results;
}

async function runRound(load: LoadGenerator, options: RoundsOptions, results: readonly Growing[]): Promise<void> {
  await using running = new AsyncDisposableStack();
  const servers: Measured[] = [];
  for (const contestant of options.contestants) {
    const server = running.use(await contestant.start());
    servers.push(server);
    await attempt(contestant, 'fill', options, () => fill(load, server, contestant));
  }
  for (const name of httpCases) {
    for (const [index, contestant] of options.contestants.entries()) {
      await attempt(contestant, name, options, async () => {
        results[index]?.cases[name].push(await measure(load, servers[index] as Measured, name, options.duration));
      });
    }
  }
  for (const [index, contestant] of options.contestants.entries()) {
    await attempt(contestant, 'latency', options, async () => {
      results[index]?.latencies.push(await measureLatency((servers[index] as Measured).port, options.followed));
    });
  }
}

/** A wrong answer of ours ends the run. */
async function attempt(
  { name, isForeign }: Contestant,
  what: string,
  { onLeftOut }: RoundsOptions,
  run: () => Promise<void>,
): Promise<void> {
  try {
    await run();
  } catch (error) {
    const problem = `${name}, ${what}: ${error instanceof Error ? error.message : String(error)}`;
    if (!isForeign) throw new Error(problem, { cause: error });
    onLeftOut(problem);
  }
}

/** Every product that will be asked for is there before the first GET is measured. Not every server takes arrays. */
async function fill(load: LoadGenerator, server: Measured, { isForeign }: Contestant): Promise<void> {
  const [name, durationMs]: [CaseName, number] = isForeign ? ['post', 3000] : ['array', 200];
  await measure(load, server, name, { warmupMs: 0, durationMs });
  await getUntil(server.port, lastProductPath(), 200);
}
