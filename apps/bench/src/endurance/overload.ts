import type { CaseName } from '../load/cases.ts';
import type { LoadGenerator } from '../load/load.ts';
import type { LoadResult, StatusResult } from '../load/job.ts';
import { delay } from '../process/probe.ts';
import { readUsage } from '../process/usage.ts';
import { mib, ms, rate, type Section } from '../report/markdown.ts';
import { startSubject, type StartOptions } from '../subjects/subject.ts';

export interface OverloadOptions extends StartOptions {
  /** After the first answer, until the memory is called idle. */
  readonly settleMs: number;
  readonly warmupMs: number;
  readonly durationMs: number;
}

/** Ten times the connections of the other measurements. */
const CONNECTIONS = 640;
const ADDRESSES = 16;

interface Overload {
  readonly title: string;
  readonly case: CaseName;
  /** Updates that the store applies a second: about a tenth of what the load offers; `undefined`: the service itself. */
  readonly storePerSecond: number | undefined;
}

const overloads: readonly Overload[] = [
  { title: 'single updates, slow store', case: 'post', storePerSecond: 2000 },
  { title: 'arrays of 1,000, slow store', case: 'array', storePerSecond: 100_000 },
  { title: 'single updates, the service', case: 'post', storePerSecond: undefined },
  { title: 'arrays of 1,000, the service', case: 'array', storePerSecond: undefined },
];

/** What a server does with ten times as much as it can do, from clients that do not wait before they ask again. */
export async function overloadSection(load: LoadGenerator, options: OverloadOptions): Promise<Section> {
  const rows: string[][] = [];
  for (const overload of overloads) rows.push(await measureOverload(load, overload, options));
  return {
    title: 'Overload',
    paragraphs: [
      `${CONNECTIONS} connections that ask again at once, ${options.durationMs / 1000} s each. With a slow store the queue is full and most are ` +
        'refused (503); the service itself is only kept busy. RSS: the most it ever held, above what it held idle.',
    ],
    tables: [
      {
        columns: [
          'load',
          '202/s',
          '202 p50 ms',
          '202 p99 ms',
          '503/s',
          '503 p50 ms',
          '503 p99 ms',
          'idle RSS MiB',
          'RSS above MiB',
          'lost connections',
        ],
        rows,
      },
    ],
  };
}

async function measureOverload(load: LoadGenerator, overload: Overload, options: OverloadOptions): Promise<string[]> {
  const { storePerSecond } = overload;
  const subject = storePerSecond === undefined ? 'service' : 'slow-store';
  const env = { STORE_PER_SECOND: String(storePerSecond ?? '') };
  await using server = await startSubject(subject, storePerSecond === undefined ? options : { ...options, env });
  await delay(options.settleMs);
  const idle = readUsage(server.pid)?.rssMib;
  const result = await load.run({
    port: server.port,
    case: overload.case,
    connections: CONNECTIONS,
    addresses: ADDRESSES,
    warmupMs: options.warmupMs,
    durationMs: options.durationMs,
    tolerated: [503],
    reconnect: true,
  });
  const peak = readUsage(server.pid)?.peakRssMib;
  const above = idle === undefined || peak === undefined ? undefined : peak - idle;
  const { 202: accepted, 503: refused } = result.statuses;
  return [
    overload.title,
    ...cellsOf(accepted, result),
    ...cellsOf(refused, result),
    mib(idle),
    mib(above),
    String(result.reconnects),
  ];
}

function cellsOf(status: StatusResult | undefined, { seconds }: LoadResult): string[] {
  if (status === undefined) return ['0', '–', '–'];
  return [rate(status.count / seconds), ms(status.p50Ms), ms(status.p99Ms)];
}
