import type { CaseName } from '../load/cases.ts';
import type { LoadGenerator } from '../load/load.ts';
import type { LoadResult } from '../load/job.ts';
import { delay } from '../process/probe.ts';
import type { RunningServer } from '../process/server.ts';
import { ms, rate, type Section } from '../report/markdown.ts';
import { startSubject, type StartOptions } from '../subjects/subject.ts';
import { startSlowCrowd, type SlowCrowd } from './slow-crowd.ts';

export interface SlowSocketsOptions extends StartOptions {
  readonly sockets: number;
  readonly durationMs: number;
}

/** A good client is not driven to its limit: a few connections show what it waits. */
const GOOD_CONNECTIONS = 8;
const OPENING_MS = 10_000;

/** What a good client waits with and without so many bad ones. */
export async function slowSocketsSection(load: LoadGenerator, options: SlowSocketsOptions): Promise<Section> {
  await using server = await startSubject('service', options);
  const alone = await goodClient(load, server, options.durationMs);
  using crowd = startSlowCrowd(server.port, options.sockets);
  const openAtStart = await filled(crowd, options.sockets);
  const crowded = await goodClient(load, server, options.durationMs);
  return {
    title: `A good client among ${options.sockets} slow sockets`,
    paragraphs: [
      `A third says nothing, a third never ends its headers, a third sends its body byte by byte; what the server cuts off ` +
        `comes again. Open at the start: ${openAtStart}, at the end: ${crowd.open}; cut off or refused: ${crowd.cutOff}.`,
    ],
    tables: [
      {
        columns: [`${GOOD_CONNECTIONS} good connections`, 'requests/s', 'p50 ms', 'p99 ms'],
        rows: [...rowsOf('alone', alone), ...rowsOf('among the slow', crowded)],
      },
    ],
  };
}

type Results = Readonly<Record<'post' | 'get', LoadResult>>;

async function goodClient(load: LoadGenerator, server: RunningServer, durationMs: number): Promise<Results> {
  const run = (name: CaseName, tolerated: readonly number[]): Promise<LoadResult> => {
    const job = { connections: GOOD_CONNECTIONS, addresses: 1, reconnect: false, port: server.port };
    return load.run({ ...job, case: name, warmupMs: durationMs / 10, durationMs, tolerated });
  };
  // Few posts in a short run: some products may not be there yet.
  return { post: await run('post', []), get: await run('get', [404]) };
}

function rowsOf(name: string, results: Results): string[][] {
  return (['post', 'get'] as const).map((method) => {
    const { statuses, requests, seconds } = results[method];
    const slowest = Object.values(statuses).toSorted((a, b) => b.count - a.count)[0];
    const latencies = [ms(slowest?.p50Ms ?? Number.NaN), ms(slowest?.p99Ms ?? Number.NaN)];
    return [`${name}, ${method.toUpperCase()}`, rate(requests / seconds), ...latencies];
  });
}

/** Waits until all are open; where the server does not take them all, until its time is over. */
async function filled(crowd: SlowCrowd, size: number): Promise<number> {
  const deadline = performance.now() + OPENING_MS;
  while (crowd.open < size && crowd.cutOff === 0 && performance.now() < deadline) await delay(10);
  return crowd.open;
}
