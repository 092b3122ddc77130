import { mib, ms, percent, rate, ratio, type Section, type Table } from '../report/markdown.ts';
import { median, ratios } from '../stats.ts';
import { CONNECTIONS, type Measurement } from './measure.ts';
import { httpCases, type HttpCase, type Rounds } from './rounds.ts';

const titles: Readonly<Record<HttpCase, string>> = {
  post: 'POST /events, one update each (requests/s)',
  get: 'GET /products/{id} (requests/s)',
  array: 'POST /events, arrays of 1,000 (updates/s)',
};

/** The measure for all: it shares no code with the service. */
const BARE = 'raw-bare';

const explanation = `${CONNECTIONS} keep-alive connections, each with one request on its way. Medians of the rounds; ratios are
medians (smallest–largest) of the ratios within a round. Every answer had the expected status, or the run would have failed.

- **service**: as \`npm start\` runs it, in memory, \`LOG_LEVEL=warn\`
- **middleware**: the same HTTP layer with a Koa middleware of somebody's own, which every request then passes
- **raw-bare**: \`node:http\` with a parse, a check, a ring buffer and a \`Map\` of its own, drained once a turn
- **fastify**: with its own schema validation in front of the service's queue, pipeline and store`;

export function httpSection(rounds: readonly Rounds[]): Section {
  const tables = [...httpCases.map((name) => caseTable(name, rounds)), latencyTable(rounds)];
  return { title: 'HTTP', paragraphs: [explanation], tables };
}

function caseTable(name: HttpCase, rounds: readonly Rounds[]): Table {
  const bare = ratesOf(rounds.find((one) => one.name === BARE)?.cases[name] ?? []);
  const measured = rounds.filter(({ cases }) => cases[name].length > 0);
  return {
    columns: [titles[name], 'rate', `of ${BARE}`, 'p50 ms', 'p99 ms', 'RSS MiB', 'CPU', 'load CPU'],
    rows: measured.map(({ name: contestant, cases }) => {
      const all = cases[name];
      return [
        contestant,
        rate(median(ratesOf(all))),
        ratio(ratios(ratesOf(all), bare)),
        ms(median(all.map(({ p50Ms }) => p50Ms))),
        ms(median(all.map(({ p99Ms }) => p99Ms))),
        mib(medianOf(all, 'rssMib')),
        percent(medianOf(all, 'serverCpu')),
        percent(medianOf(all, 'generatorCpu')),
      ];
    }),
  };
}

function latencyTable(rounds: readonly Rounds[]): Table {
  const measured = rounds.filter(({ latencies }) => latencies.length > 0);
  return {
    columns: ['one update at a time, from POST until GET shows it', 'p50 ms', 'p99 ms'],
    rows: measured.map(({ name, latencies }) => [
      name,
      ms(median(latencies.map(({ p50Ms }) => p50Ms))),
      ms(median(latencies.map(({ p99Ms }) => p99Ms))),
    ]),
  };
}

function ratesOf(all: readonly Measurement[]): number[] {
  return all.map(({ perSecond }) => perSecond);
}

function medianOf(all: readonly Measurement[], name: 'rssMib' | 'serverCpu' | 'generatorCpu'): number | undefined {
  const values = all.map((one) => one[name]).filter((value) => value !== undefined);
  return values.length === 0 ? undefined : median(values);
}
