import { lastProductPath, type CaseName } from '../load/cases.ts';
import type { LoadGenerator } from '../load/load.ts';
import { getUntil } from '../process/probe.ts';
import type { RunningServer } from '../process/server.ts';
import { startSubject, subjects, type Subject } from '../subjects/subject.ts';
import { measure, type Duration, type Measurement } from './measure.ts';

export type HttpCase = Exclude<CaseName, 'mix'>;
export const httpCases: readonly HttpCase[] = ['post', 'get', 'array'];

/** The measurements of one subject in one case, one a round. */
export type Rounds = Readonly<Record<HttpCase, Readonly<Record<Subject, readonly Measurement[]>>>>;

export interface RoundsOptions {
  readonly rounds: number;
  readonly source: boolean;
  readonly core: number | null;
  readonly duration: Duration;
  readonly onRound: (round: number) => void;
}

/**
 * The subjects take turns within a round, so that a machine that is slow for a while is slow for all of them. Each round
 * has fresh processes: how well one of them happened to be compiled must not decide the figures.
 */
export async function runRounds(load: LoadGenerator, options: RoundsOptions): Promise<Rounds> {
  const results = { post: emptyRounds(), get: emptyRounds(), array: emptyRounds() };
  for (let round = 1; round <= options.rounds; round += 1) {
    options.onRound(round);
    await runRound(load, options, (name, subject, measurement) => results[name][subject].push(measurement));
  }
  return results;
}

async function runRound(
  load: LoadGenerator,
  options: RoundsOptions,
  onMeasured: (name: HttpCase, subject: Subject, measurement: Measurement) => void,
): Promise<void> {
  await using running = new AsyncDisposableStack();
  const servers = new Map<Subject, RunningServer>();
  for (const subject of subjects) {
    const server = running.use(await startSubject(subject, options));
    servers.set(subject, server);
    await fill(load, server, subject);
  }
  for (const name of httpCases) {
    for (const [subject, server] of servers) {
      try {
        onMeasured(name, subject, await measure(load, server, name, options.duration));
      } catch (error) {
        throw new Error(`${subject}, ${name}: ${String(error)}`, { cause: error });
      }
    }
  }
}

/** Every product that will be asked for is there before the first GET is measured. */
async function fill(load: LoadGenerator, server: RunningServer, subject: Subject): Promise<void> {
  if (subject === 'raw-bare') return;
  await measure(load, server, 'array', { warmupMs: 0, durationMs: 200 });
  await getUntil(server.port, lastProductPath(), 200);
}

function emptyRounds(): Record<Subject, Measurement[]> {
  return { service: [], 'raw-same': [], 'raw-bare': [], fastify: [] };
}
