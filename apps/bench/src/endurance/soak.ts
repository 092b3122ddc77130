import type { LoadGenerator } from '../load/load.ts';
import { CONNECTIONS } from '../http/measure.ts';
import { delay } from '../process/probe.ts';
import { readUsage } from '../process/usage.ts';
import { mib, rate, type Section } from '../report/markdown.ts';
import { median, slope } from '../stats.ts';
import { startSubject, type StartOptions } from '../subjects/subject.ts';
import { heapAfterGc, heapFlags } from './heap.ts';

export interface SoakOptions extends StartOptions {
  readonly minutes: number;
}

export interface Sample {
  readonly minute: number;
  readonly heapMib: number;
  readonly rssMib: number | undefined;
}

/** The longest between two samples; a short soak takes 20 all the same. */
const INTERVAL_MS = 10_000;
const SAMPLES_MIN = 20;
/** Growth over the whole soak, along the fitted line, that is still called flat: noise of what is in flight. */
const FLAT_MIB = 2;

/** Full load for so long. The heap is sampled after a garbage collection; its first fifth is warm-up and left out. */
export async function soakSection(load: LoadGenerator, options: SoakOptions): Promise<Section> {
  await using server = await startSubject('service', { ...options, flags: heapFlags });
  const durationMs = options.minutes * 60_000;
  const intervalMs = Math.min(INTERVAL_MS, durationMs / SAMPLES_MIN);
  const job = { connections: CONNECTIONS, addresses: 1, tolerated: [], reconnect: false, port: server.port };
  const samples: Sample[] = [];
  let loading = true;
  const loaded = load.run({ ...job, case: 'mix', warmupMs: 0, durationMs }).finally(() => {
    loading = false;
  });
  const startedAt = performance.now();
  loaded.catch(() => undefined);
  for (;;) {
    await Promise.race([loaded, delay(intervalMs)]);
    if (!loading) break;
    const heapMib = await heapAfterGc(server);
    samples.push({ minute: (performance.now() - startedAt) / 60_000, heapMib, rssMib: readUsage(server.pid)?.rssMib });
  }
  const { requests, seconds, generatorCpu } = await loaded;
  const title = `Soak, ${options.minutes} ${options.minutes === 1 ? 'minute' : 'minutes'} of full load`;
  const text = `The mixed load: ${rate(requests / seconds)} requests/s, all with the expected status; load CPU ${(generatorCpu * 100).toFixed(0)} %.`;
  return { title, paragraphs: [text, verdictOf(samples)], tables: [tableOf(samples)] };
}

/** Says flat or not, and by which line. */
export function verdictOf(samples: readonly Sample[]): string {
  const later = samples.slice(Math.ceil(samples.length / 5));
  const perMinute = slope(later.map(({ minute, heapMib }) => ({ x: minute, y: heapMib })));
  const minutes = (later.at(-1)?.minute ?? 0) - (later[0]?.minute ?? 0);
  const growth = perMinute * minutes;
  const verdict = growth <= FLAT_MIB ? 'flat' : 'NOT flat';
  const heap = median(later.map(({ heapMib }) => heapMib));
  return (
    `Heap after garbage collection: **${verdict}**. The fitted line grows by ${growth.toFixed(2)} MiB ` +
    `(${(perMinute * 1024).toFixed(1)} KiB a minute) over the last four fifths; median ${mib(heap)} MiB.`
  );
}

/** About ten rows, whatever the length. */
function tableOf(samples: readonly Sample[]): Section['tables'][number] {
  const step = Math.max(1, Math.ceil(samples.length / 10));
  const shown = samples.filter((_, index) => index % step === 0 || index === samples.length - 1);
  return {
    columns: ['minute', 'heap MiB', 'RSS MiB'],
    rows: shown.map(({ minute, heapMib, rssMib }) => [minute.toFixed(1), mib(heapMib), mib(rssMib)]),
  };
}
