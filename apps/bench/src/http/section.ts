import { mib, ms, percent, rate, ratio, type Section, type Table } from '../report/markdown.ts';
import { median, ratios } from '../stats.ts';
import { subjects } from '../subjects/subject.ts';
import { CONNECTIONS, type Measurement } from './measure.ts';
import { httpCases, type HttpCase, type Rounds } from './rounds.ts';

const titles: Readonly<Record<HttpCase, string>> = {
  post: 'POST /events, one update each (requests/s)',
  get: 'GET /products/{id} (requests/s)',
  array: 'POST /events, arrays of 1,000 (updates/s)',
};

const explanation = `${CONNECTIONS} keep-alive connections, each with one request on its way. Medians of the rounds; ratios are
medians (smallest–largest) of the ratios within a round. Every answer had the expected status, or the run would have failed.

- **service**: as \`npm start\` runs it, in memory, \`LOG_LEVEL=warn\`
- **raw-same**: \`node:http\` that calls the same functions to read, parse, stamp, publish, answer and count; the same pipeline
- **raw-bare**: \`node:http\` that parses JSON and gives a canned answer; no rules, no queue, no store
- **fastify**: with its own schema validation in front of the same queue, pipeline and store`;

export function httpSection(rounds: Rounds): Section {
  const tables = httpCases.map((name) => tableOf(name, rounds[name]));
  return { title: 'HTTP', paragraphs: [explanation], tables };
}

function tableOf(name: HttpCase, bySubject: Rounds[HttpCase]): Table {
  const rates = (subject: (typeof subjects)[number]): number[] => bySubject[subject].map(({ perSecond }) => perSecond);
  return {
    columns: [titles[name], 'rate', 'of raw-same', 'of raw-bare', 'p50 ms', 'p99 ms', 'RSS MiB', 'CPU', 'load CPU'],
    rows: subjects.map((subject) => {
      const all = bySubject[subject];
      return [
        subject,
        rate(median(rates(subject))),
        ratio(ratios(rates(subject), rates('raw-same'))),
        ratio(ratios(rates(subject), rates('raw-bare'))),
        ms(median(all.map(({ p50Ms }) => p50Ms))),
        ms(median(all.map(({ p99Ms }) => p99Ms))),
        mib(medianOf(all, 'rssMib')),
        percent(medianOf(all, 'serverCpu')),
        percent(medianOf(all, 'generatorCpu')),
      ];
    }),
  };
}

function medianOf(all: readonly Measurement[], name: 'rssMib' | 'serverCpu' | 'generatorCpu'): number | undefined {
  const values = all.map((one) => one[name]).filter((value) => value !== undefined);
  return values.length === 0 ? undefined : median(values);
}
